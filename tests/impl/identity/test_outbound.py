"""The proxy and the certificate authorities for requests to the login service, from the environment."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from impl.identity.key_source import HttpKeySource
from impl.identity.outbound import proxy_and_certificates
from impl.settings import SettingsError

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ssl_cert_file", "ssl_cert_dir")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def proxy(monkeypatch: pytest.MonkeyPatch, url: str, environment: Mapping[str, str]) -> str | None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    found, _ = proxy_and_certificates(url)
    return str(found.url) if found else None


@pytest.mark.parametrize(
    ("url", "environment", "found"),
    [
        ("http://auth/jwks", {}, None),
        ("http://auth/jwks", {"HTTP_PROXY": "http://proxy:3128"}, "http://proxy:3128"),
        ("http://auth/jwks", {"HTTP_PROXY": "proxy:3128"}, "http://proxy:3128"),
        ("http://auth/jwks", {"HTTPS_PROXY": "http://proxy:3128"}, None),
        ("https://auth/jwks", {"https_proxy": "https://proxy", "ALL_PROXY": "socks5://x:1"}, "https://proxy"),
        (
            "https://auth/jwks",
            {"ALL_PROXY": "http://proxy:3128", "NO_PROXY": "localhost"},
            "http://proxy:3128",
        ),
    ],
)
def test_the_environment_selects_the_proxy(
    monkeypatch: pytest.MonkeyPatch, url: str, environment: dict[str, str], found: str | None
) -> None:
    assert proxy(monkeypatch, url, environment) == found
    HttpKeySource(url)


@pytest.mark.parametrize(
    ("host", "exempt", "is_exempt"),
    [
        ("127.0.0.1:3000", "localhost,127.0.0.1,[::1]", True),
        ("[::1]:3000", "localhost,127.0.0.1,[::1]", True),
        ("[::1]:3000", "::1", True),
        ("[fd00::7]", "10.0.0.0/8, fd00::/8", True),
        ("10.1.2.3", "10.0.0.0/8,fd00::/8", True),
        ("11.1.2.3", "10.0.0.0/8,fd00::/8", False),
        ("auth.example.com", "example.com", True),
        ("auth.example.com", ".example.com", True),
        ("auth.example.com", "*.EXAMPLE.com", True),
        ("badexample.com", "example.com", False),
        ("auth.example.com:3000", "auth.example.com:3000", True),
        ("auth.example.com:3000", "auth.example.com:443", False),
        ("[::1]:3000", "[::1]:3000", True),
        ("auth.example.com", "*", True),
        ("auth.example.com", "", False),
        ("auth.example.com", ",[,]:,:,::/x,1.2.3.4/99", False),
    ],
)
def test_no_proxy_accepts_names_addresses_and_networks(
    monkeypatch: pytest.MonkeyPatch, host: str, exempt: str, is_exempt: bool
) -> None:
    environment = {"ALL_PROXY": "http://proxy:3128", "NO_PROXY": exempt}
    assert (proxy(monkeypatch, f"http://{host}/jwks", environment) is None) == is_exempt


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(
            ("ALL_PROXY", f"{scheme}://ada:hunter2@127.0.0.1:1080")
            for scheme in ("socks5", "socks5h", "socks4", "ftp")
        ),
        *(
            ("https_proxy", value)
            for value in ("http://", "http://proxy:port", "http://[::1", "://", "http://proxy:0")
        ),
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSL_CERT_FILE", __file__),
        ("SSL_CERT_FILE", "/"),
        ("SSL_CERT_DIR", "/nonexistent"),
        ("SSL_CERT_DIR", __file__),
    ],
)
def test_an_unusable_value_is_a_one_line_error_with_its_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"^{name} .*; unset it") as caught:
        HttpKeySource("https://auth.example.com/jwks")
    assert "\n" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_unused_proxy_is_not_validated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    HttpKeySource("http://127.0.0.1:3000/jwks")
