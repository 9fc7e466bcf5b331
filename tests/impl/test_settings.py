from __future__ import annotations

import secrets
from pathlib import Path

import pytest

from impl.settings import Settings, SettingsError, load_settings

SECRET = secrets.token_urlsafe(32)
DATABASE_URL = "postgresql://ada:hunter2@ep-cool-1.eu-central-1.aws.neon.tech/neondb?sslmode=require"
PRODUCTION = {"ENVIRONMENT": "production", "DATABASE_URL": DATABASE_URL, "BETTER_AUTH_SECRET": SECRET}

PEM = """-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=
-----END PUBLIC KEY-----"""


@pytest.fixture(autouse=True)
def _empty_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def load(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return load_settings()


def test_without_any_setting_the_server_runs_in_development() -> None:
    settings = load_settings()
    assert settings.environment == "development"
    assert settings.database_url is None
    assert settings.better_auth_secret is None
    assert settings.frontend_url == "http://localhost:3000"
    assert settings.validate_responses is True


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(
        "FRONTEND_URL=https://file.example.com\nDATABASE_POOL_SIZE=3\nDATABASE_URL=\n"
    )
    settings = load(monkeypatch, {"FRONTEND_URL": "https://app.example.com"})
    assert (settings.frontend_url, settings.database_pool_size) == ("https://app.example.com", 3)
    assert settings.database_url is None


def test_production_does_not_validate_responses_unless_told_to(monkeypatch: pytest.MonkeyPatch) -> None:
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
def test_the_frontends_origin_is_kept_as_browsers_send_it(
    monkeypatch: pytest.MonkeyPatch, given: str, origin: str
) -> None:
    assert load(monkeypatch, {"FRONTEND_URL": given}).frontend_url == origin


BAD = [
    ("DATABASE_URL", {"ENVIRONMENT": "production", "BETTER_AUTH_SECRET": SECRET}),
    ("BETTER_AUTH_SECRET", {"ENVIRONMENT": "production", "DATABASE_URL": DATABASE_URL}),
    ("ENVIRONMENT", {"ENVIRONMENT": "staging"}),
    *(
        ("DATABASE_URL", {"DATABASE_URL": url})
        for url in (
            "hunter2",
            "mysql://ada:hunter2@host/app",
            "postgresql+asyncpg://ada:hunter2@host/app",
            "postgresql://ada:hunter2@host:port/app",
            "postgresql://ada:hunter2@x@host/app",
            "postgresql:/ada:hunter2@host/app",
        )
    ),
    *(("BETTER_AUTH_SECRET", {"BETTER_AUTH_SECRET": secret}) for secret in (SECRET[:31], PEM, "\udcff" * 32)),
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
    ("DATABASE_POOL_SIZE", {"DATABASE_POOL_SIZE": "0"}),
    ("DATABASE_POOL_SIZE", {"DATABASE_POOL_SIZE": "many"}),
    ("VALIDATE_RESPONSES", {"VALIDATE_RESPONSES": "perhaps"}),
]


@pytest.mark.parametrize(("name", "environment"), BAD)
def test_a_bad_setting_is_one_line_that_names_it_and_tells_no_value(
    monkeypatch: pytest.MonkeyPatch, name: str, environment: dict[str, str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, environment)
    message = str(caught.value)
    assert message.startswith(f"{name} ")
    assert "\n" not in message
    assert "hunter2" not in message
    assert environment.get("BETTER_AUTH_SECRET", SECRET) not in message
    # Nor does a traceback tell it.
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_every_bad_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError) as caught:
        load(monkeypatch, {"ENVIRONMENT": "production"})
    assert [line.split()[0] for line in str(caught.value).splitlines()] == [
        "DATABASE_URL",
        "BETTER_AUTH_SECRET",
    ]


def test_settings_do_not_print_what_is_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    text = repr(load(monkeypatch, PRODUCTION))
    assert SECRET not in text
    assert "hunter2" not in text


def test_the_example_file_describes_every_setting_and_changes_none(tmp_path: Path) -> None:
    example = (Path(__file__).parents[2] / ".env.example").read_text()
    for name in Settings.model_fields:
        assert f"\n#{name.upper()}=" in example
    without = load_settings()
    (tmp_path / ".env").write_text(example)
    assert load_settings() == without
