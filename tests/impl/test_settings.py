from __future__ import annotations

import json
import secrets
from base64 import b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from signing import KEYS, base64url, jwk

from impl.settings import Settings, SettingsError, load_settings

SECRET = secrets.token_urlsafe(32)
DATABASE_URL = "postgresql://ada:hunter2@ep-cool-1.eu-central-1.aws.neon.tech/neondb?sslmode=require"
PRODUCTION = {"ENVIRONMENT": "production", "DATABASE_URL": DATABASE_URL, "BETTER_AUTH_SECRET": SECRET}


def public_keys() -> list[str]:
    """Return public keys in every textual form that could be used as a secret (CVE-2026-85394)."""
    texts = []
    for private in KEYS.values():
        public = private.public_key()
        der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        member = jwk(private, kid="k")
        texts += [
            pem,
            pem.replace("\n", "\\n"),
            "".join(pem.splitlines()),
            # The content of a PEM file, as base64 and base64url.
            b64encode(der).decode(),
            "\n".join(pem.splitlines()[1:-1]),
            base64url(der),
            # The raw bytes, as an environment variable contains them.
            der.decode("utf-8", "surrogateescape"),
            public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),
            json.dumps(member),
            json.dumps({"keys": [member]}),
        ]
    return [text for text in texts if "\0" not in text]


PUBLIC_KEYS = public_keys()


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_the_default_environment_is_development() -> None:
    settings = load_settings()
    assert settings.environment == "development"
    assert settings.database_url is None
    assert settings.better_auth_secret is None
    assert settings.frontend_url == "http://localhost:3000"
    assert settings.validate_responses is True


def test_environment_variables_override_the_env_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "FRONTEND_URL=https://file.example.com\nDATABASE_POOL_SIZE=3\nDATABASE_URL=\n"
    )
    settings = load(monkeypatch, {"FRONTEND_URL": "https://app.example.com"})
    assert (settings.frontend_url, settings.database_pool_size) == ("https://app.example.com", 3)
    assert settings.database_url is None


def test_production_does_not_validate_responses_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert load(monkeypatch, PRODUCTION).validate_responses is False
    assert load(monkeypatch, {"VALIDATE_RESPONSES": "true"}).validate_responses is True


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ("https://App.Example.com", "https://app.example.com"),
        ("https://app.example.com/", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("HTTP://localhost:3000", "http://localhost:3000"),
        ("http://[::1]:3000", "http://[::1]:3000"),
    ],
)
def test_the_front_end_origin_is_normalized(monkeypatch: pytest.MonkeyPatch, given: str, origin: str) -> None:
    assert load(monkeypatch, {"FRONTEND_URL": given}).frontend_url == origin


@pytest.mark.parametrize(("given", "prefix"), [("/tasks-api/", "/tasks-api"), ("/", ""), ("/a/b", "/a/b")])
def test_a_trailing_slash_of_the_path_prefix_is_removed(
    monkeypatch: pytest.MonkeyPatch, given: str, prefix: str
) -> None:
    assert load(monkeypatch, {"ROOT_PATH": given}).root_path == prefix


AUTH_URL = "https://auth.example.com"


@pytest.mark.parametrize(
    ("environment", "jwks_url", "issuer", "audience"),
    [
        ({}, None, None, None),
        ({"BETTER_AUTH_URL": AUTH_URL}, f"{AUTH_URL}/api/auth/jwks", AUTH_URL, AUTH_URL),
        ({"BETTER_AUTH_URL": f"{AUTH_URL}/"}, f"{AUTH_URL}/api/auth/jwks", AUTH_URL, AUTH_URL),
        (
            {"BETTER_AUTH_URL": "http://LOCALHOST:3000"},
            "http://LOCALHOST:3000/api/auth/jwks",
            "http://localhost:3000",
            "http://localhost:3000",
        ),
        # In Better Auth, the path of the URL is the base path, and the origin is the issuer.
        ({"BETTER_AUTH_URL": f"{AUTH_URL}/login/"}, f"{AUTH_URL}/login/jwks", AUTH_URL, AUTH_URL),
        ({"BETTER_AUTH_URL": f"{AUTH_URL}:443"}, f"{AUTH_URL}:443/api/auth/jwks", AUTH_URL, AUTH_URL),
        (
            {"BETTER_AUTH_URL": AUTH_URL, "AUTH_JWKS_URL": "http://auth:3000/keys?v=1"},
            "http://auth:3000/keys?v=1",
            AUTH_URL,
            AUTH_URL,
        ),
        (
            {"BETTER_AUTH_URL": AUTH_URL, "AUTH_ISSUER": "me", "AUTH_AUDIENCE": "tasks"},
            f"{AUTH_URL}/api/auth/jwks",
            "me",
            "tasks",
        ),
        (
            {"BETTER_AUTH_URL": AUTH_URL, "AUTH_AUDIENCE": "tasks"},
            f"{AUTH_URL}/api/auth/jwks",
            AUTH_URL,
            "tasks",
        ),
        (
            {"AUTH_JWKS_URL": "https://a.example/jwks", "AUTH_ISSUER": "me", "AUTH_AUDIENCE": "tasks"},
            "https://a.example/jwks",
            "me",
            "tasks",
        ),
        ({"BETTER_AUTH_SECRET": SECRET, "AUTH_ISSUER": "me"}, None, "me", None),
    ],
)
def test_jwks_issuer_and_audience_default_to_better_auth_url(
    monkeypatch: pytest.MonkeyPatch,
    environment: dict[str, str],
    jwks_url: str | None,
    issuer: str | None,
    audience: str | None,
) -> None:
    settings = load(monkeypatch, environment)
    assert (settings.auth_jwks_url, settings.auth_issuer, settings.auth_audience) == (
        jwks_url,
        issuer,
        audience,
    )


@pytest.mark.parametrize(
    "identity",
    [
        {"BETTER_AUTH_URL": AUTH_URL},
        {"AUTH_JWKS_URL": f"{AUTH_URL}/keys", "AUTH_ISSUER": "me", "AUTH_AUDIENCE": "tasks"},
        {"BETTER_AUTH_SECRET": SECRET},
        {"BETTER_AUTH_URL": AUTH_URL, "BETTER_AUTH_SECRET": SECRET},
    ],
)
def test_production_needs_a_key_set_or_a_secret(
    monkeypatch: pytest.MonkeyPatch, identity: dict[str, str]
) -> None:
    environment = {"ENVIRONMENT": "production", "DATABASE_URL": DATABASE_URL}
    assert load(monkeypatch, environment | identity).environment == "production"


@pytest.mark.parametrize(
    ("environment", "accepted", "warns"),
    [
        ({"BETTER_AUTH_SECRET": SECRET}, True, False),
        ({"BETTER_AUTH_SECRET": SECRET, "AUTH_HS256": "true"}, True, False),
        ({"BETTER_AUTH_URL": AUTH_URL}, False, False),
        # A `.env` file that Better Auth reads as well.
        ({"BETTER_AUTH_URL": AUTH_URL, "BETTER_AUTH_SECRET": SECRET}, False, True),
        ({"BETTER_AUTH_URL": AUTH_URL, "BETTER_AUTH_SECRET": SECRET, "AUTH_HS256": "false"}, False, False),
        ({"BETTER_AUTH_URL": AUTH_URL, "BETTER_AUTH_SECRET": SECRET, "AUTH_HS256": "true"}, True, False),
    ],
)
def test_a_secret_beside_a_key_set_counts_only_if_the_operator_says_so(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], accepted: bool, warns: bool
) -> None:
    settings = load(monkeypatch, environment)
    assert (settings.shared_secret is not None) is accepted
    assert (settings.warning is not None) is warns


BAD = [
    *(
        (name, {name: url, "AUTH_ISSUER": "me", "AUTH_AUDIENCE": "tasks"})
        for name in ("BETTER_AUTH_URL", "AUTH_JWKS_URL")
        for url in (
            "auth.example.com",
            "ftp://auth.example.com",
            "file:///etc/passwd",
            "https://",
            "https://ada:hunter2@auth.example.com",
            "https://auth.example.com:port",
            "https://auth.example.com/#f",
            "https://auth.example.com/a b",
            "https://auth.example.com/\tkeys",
            "https://bücher.example.com",
            "https://[::1",
        )
    ),
    ("AUTH_HS256", {"AUTH_HS256": "true", "BETTER_AUTH_URL": AUTH_URL}),
    ("AUTH_HS256", {"AUTH_HS256": "false", "BETTER_AUTH_SECRET": SECRET}),
    ("AUTH_ISSUER", {"AUTH_JWKS_URL": f"{AUTH_URL}/keys", "AUTH_AUDIENCE": "tasks"}),
    ("AUTH_AUDIENCE", {"AUTH_JWKS_URL": f"{AUTH_URL}/keys", "AUTH_ISSUER": "me"}),
    ("BETTER_AUTH_URL", {"ENVIRONMENT": "production", "DATABASE_URL": DATABASE_URL, "BETTER_AUTH_URL": "x"}),
    ("DEVELOPMENT_USER", {"BETTER_AUTH_URL": AUTH_URL, "DEVELOPMENT_USER": "ada"}),
    ("DATABASE_URL", {"ENVIRONMENT": "production", "BETTER_AUTH_SECRET": SECRET}),
    ("BETTER_AUTH_SECRET", {"ENVIRONMENT": "production", "DATABASE_URL": DATABASE_URL}),
    ("ENVIRONMENT", {"ENVIRONMENT": "staging"}),
    *(
        (name, {name: url})
        for name in ("DATABASE_URL", "DATABASE_READ_URL")
        for url in (
            "hunter2",
            "mysql://ada:hunter2@host/app",
            "postgresql+asyncpg://ada:hunter2@host/app",
            "postgresql://ada:hunter2@host:port/app",
            "postgresql://ada:hunter2@x@host/app",
            "postgresql:/ada:hunter2@host/app",
        )
    ),
    *(
        ("BETTER_AUTH_SECRET", {"BETTER_AUTH_SECRET": secret})
        for secret in (SECRET[:31], "\udcff" * 32, *PUBLIC_KEYS)
    ),
    *(
        ("BETTER_AUTH_SECRET", PRODUCTION | {"BETTER_AUTH_SECRET": secret})
        for secret in (
            "please-change-me-please-change-me",
            "your-secret-key-at-least-32-characters",
            "x" * 40,
            "01" * 20,
        )
    ),
    *(
        ("ROOT_PATH", {"ROOT_PATH": path})
        for path in (
            "tasks-api",
            "//evil.example",
            "/a/../b",
            "https://a.example/b",
            "/a b",
            "/a?b",
            "/a%2Fb",
        )
    ),
    *(
        ("FRONTEND_URL", {"FRONTEND_URL": url})
        for url in (
            "*",
            "https://*.example.com",
            "app.example.com",
            "ftp://app.example.com",
            "https://app.example.com/path",
            "https://app.example.com?q",
            "https://app.example.com#f",
            "https://ada:hunter2@app.example.com",
            "https://app.example.com:port",
            "https://a.example.com,https://b.example.com",
            "https://bücher.example.com",
            "https://",
            "https://[::1",
        )
    ),
    *(
        ("FORWARDED_ALLOW_IPS", {"FORWARDED_ALLOW_IPS": hosts})
        for hosts in ("proxy.example.com", "10.0.0.1/8", "*,127.0.0.1", "127.0.0.1;::1", "127.0.0.1,")
    ),
    ("DATABASE_POOL_SIZE", {"DATABASE_POOL_SIZE": "0"}),
    ("DATABASE_POOL_SIZE", {"DATABASE_POOL_SIZE": "many"}),
    ("VALIDATE_RESPONSES", {"VALIDATE_RESPONSES": "perhaps"}),
]


@pytest.mark.parametrize(("name", "environment"), BAD)
def test_an_invalid_setting_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, name: str, environment: dict[str, str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, environment)
    message = str(caught.value)
    assert message.startswith(f"{name} ")
    assert "\n" not in message
    assert "hunter2" not in message
    assert environment.get("BETTER_AUTH_SECRET", SECRET) not in message
    # A traceback does not contain the value either.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_all_invalid_settings_are_named_together(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, {"ENVIRONMENT": "production"})
    assert [line.split()[0] for line in str(caught.value).splitlines()] == [
        "DATABASE_URL",
        "BETTER_AUTH_SECRET",
    ]


def test_settings_do_not_print_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    text = repr(load(monkeypatch, PRODUCTION))
    assert SECRET not in text
    assert "hunter2" not in text


def test_the_example_file_lists_every_setting_as_a_comment(tmp_path: Path) -> None:
    example = (Path(__file__).parents[2] / ".env.example").read_text()
    for name in Settings.model_fields:
        assert f"\n#{name.upper()}=" in example
    without = load_settings()
    (tmp_path / ".env").write_text(example)
    assert load_settings() == without


MISSPELT = {
    "DATABSE_URL": "DATABASE_URL",
    "DATABASE_POOLSIZE": "DATABASE_POOL_SIZE",
    "BETTER_AUTH_SECRT": "BETTER_AUTH_SECRET",
    "FRONTEND_URI": "FRONTEND_URL",
    "RATE_LIMIT_PER_USERS": "RATE_LIMIT_PER_USER",
    "better_auth_urls": "BETTER_AUTH_URL",
}


@pytest.mark.parametrize("name", MISSPELT)
@pytest.mark.parametrize("in_file", [False, True])
def test_a_misspelt_setting_is_rejected_with_a_suggestion(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, in_file: bool
) -> None:
    if in_file:
        (tmp_path / ".env").write_text(f"{name}=hunter2\n")
    else:
        monkeypatch.setenv(name, "hunter2")
    with pytest.raises(SettingsError) as error:
        load_settings()
    assert str(error.value) == f"Unknown setting {name.upper()}; did you mean {MISSPELT[name]}?"


@pytest.mark.parametrize("name", ["DATABASE_TIMEOUT", "METRICS_PATH", "BETTER_AUTH_COLOR", "RATE_LIMIT"])
def test_an_unknown_setting_with_our_prefix_is_rejected(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    (tmp_path / ".env").write_text(f"{name}=1\n" if name == "RATE_LIMIT" else "")
    if name != "RATE_LIMIT":
        monkeypatch.setenv(name, "1")
    with pytest.raises(SettingsError, match=f"^Unknown setting {name}; .env.example lists all"):
        load_settings()


@pytest.mark.parametrize(
    "name",
    [
        *("DATABASE_URL_UNPOOLED", "DATABASE_CONNECTION_POOL_URL", "BETTER_AUTH_SECRETS", "AUTH_GITHUB_ID"),
        *("BETTER_AUTH_TRUSTED_ORIGINS", "DATABASE_SERVICE_HOST", "DATABASE_PORT_5432_TCP", "ENVIRONMENT_ID"),
        *("PGHOST", "HOST", "PORT", "DOC", "NODE_ENV", "OTEL_EXPORTER_OTLP_ENDPOINT"),
    ],
)
def test_variables_of_other_programs_are_ignored(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    load(monkeypatch, {name: "x"})


def test_all_errors_of_settings_are_reported_together(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("COLOUR=red\nENVIRONMENT=prod\n")
    with pytest.raises(SettingsError) as error:
        load(monkeypatch, {"DATABASE_POOL": "5"})
    lines = str(error.value).splitlines()
    assert [line.removeprefix("Unknown setting ").split()[0].rstrip(";") for line in lines] == [
        "COLOUR",
        "DATABASE_POOL",
        "ENVIRONMENT",
    ]


@pytest.mark.parametrize(
    ("environment", "docs"),
    [({}, True), (PRODUCTION, False), (PRODUCTION | {"DOCS": "true"}, True), ({"DOCS": "false"}, False)],
)
def test_documentation_pages_are_off_in_production_by_default(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], docs: bool
) -> None:
    assert load(monkeypatch, environment).docs is docs


@pytest.mark.parametrize(
    ("given", "audience"),
    [
        ({}, None),
        ({"FRONTEND_URL": "https://app.example.com/"}, "https://app.example.com"),
        ({"FRONTEND_URL": "http://localhost:3000"}, "http://localhost:3000"),
        ({"AUTH_AUDIENCE": "tasks"}, "tasks"),
        ({"AUTH_AUDIENCE": "tasks", "FRONTEND_URL": "https://app.example.com"}, "tasks"),
        (
            {"BETTER_AUTH_URL": "https://auth.example.com/x", "FRONTEND_URL": "https://a.example"},
            "https://auth.example.com",
        ),
    ],
)
def test_shared_secret_tokens_have_the_configured_audience(
    monkeypatch: pytest.MonkeyPatch, given: dict[str, str], audience: str | None
) -> None:
    assert load(monkeypatch, given).shared_secret_audience == audience
