"""The environment, read once. `.env.example` describes every setting."""

from __future__ import annotations

from typing import Literal
from urllib.parse import urlsplit

from jose import jwk
from jose.exceptions import JOSEError
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

# Words of the secrets that stand in examples and tutorials. A random secret contains one of them with a
# probability below one in a million.
_PLACEHOLDER_WORDS = ("change", "example", "placeholder", "replace", "insecure", "better-auth", "your")

_DEFAULT_PORTS = {"http": 80, "https": 443}


class SettingsError(Exception):
    """What is wrong with the environment, one line per setting, without the values."""


class Settings(BaseSettings):
    # An empty variable counts as one that is not set, as in `DATABASE_URL=` of a copied .env file.
    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    # First, since what the others require depends on it.
    environment: Literal["development", "test", "production"] = "development"
    database_url: SecretStr | None = Field(default=None, validate_default=True)
    database_pool_size: int = Field(default=10, ge=1, le=1000)
    better_auth_secret: SecretStr | None = Field(default=None, validate_default=True)
    frontend_url: str = "http://localhost:3000"
    validate_responses: bool = Field(default=None, validate_default=True)
    allow_unimplemented: bool = False
    development_user: str | None = None

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None:
            _require_outside_production(info, "set it to the connection string of your PostgreSQL database")
            return None
        try:
            url = make_url(value.get_secret_value())
        except (ArgumentError, ValueError):
            raise ValueError(
                "is not a connection string; write postgresql://USER:PASSWORD@HOST/DATABASE "
                "with special characters of the password percent-encoded"
            ) from None
        if url.drivername not in ("postgres", "postgresql"):
            raise ValueError("must begin with postgresql:// or postgres://")
        if "@" in (url.host or ""):
            raise ValueError("has an @ in its password; percent-encode it as %40")
        return value

    @field_validator("better_auth_secret")
    @classmethod
    def _check_secret(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None:
            _require_outside_production(info, "set it to the secret that Better Auth signs with")
            return None
        secret = value.get_secret_value()
        remedy = "make one with `openssl rand -base64 32`"
        try:
            length = len(secret.encode())
            jwk.construct(secret, "HS256")
        except UnicodeEncodeError:
            raise ValueError(f"is not UTF-8 text; {remedy}") from None
        except JOSEError:
            raise ValueError(f"is a key or a certificate, not a shared secret; {remedy}") from None
        if length < 32:
            raise ValueError(f"has {length} bytes and must have at least 32; {remedy}")
        placeholder = len(set(secret)) < 8 or any(word in secret.lower() for word in _PLACEHOLDER_WORDS)
        if placeholder and _in_production(info):
            raise ValueError(f"is a placeholder and anybody can guess it; {remedy}")
        return value

    @field_validator("frontend_url")
    @classmethod
    def _check_origin(cls, value: str) -> str:
        """The origin in the form in which browsers send it: lower case, no default port, no final slash."""
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError:
            parts, port = urlsplit(""), None
        if (
            parts.scheme not in _DEFAULT_PORTS
            or not parts.hostname
            or not value.isascii()
            or "*" in value
            or "@" in parts.netloc
            or value.rstrip("/") != f"{value.partition('://')[0]}://{parts.netloc}"
        ):
            raise ValueError(
                "must be one origin, such as https://app.example.com: http or https, a host, no path and no *"
            )
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        suffix = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
        return f"{parts.scheme}://{host}{suffix}"

    @field_validator("development_user")
    @classmethod
    def _only_in_development(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("environment") != "development":
            raise ValueError("gives a token to everybody who opens /docs; unset it outside development")
        return value

    @field_validator("validate_responses", mode="before")
    @classmethod
    def _default_to_outside_production(cls, value: object, info: ValidationInfo) -> object:
        return not _in_production(info) if value is None else value


def load_settings() -> Settings:
    """The settings from the environment and from `.env`; raises SettingsError."""
    try:
        return Settings()
    except ValidationError as error:
        # Only the message of each finding: Pydantic's own text would repeat the value, which may be secret.
        findings = error.errors(include_url=False, include_input=False)
        lines = [f"{str(finding['loc'][0]).upper()} {_reason(finding['msg'])}" for finding in findings]
        raise SettingsError("\n".join(lines)) from None


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Input should be", "must be")


def _in_production(info: ValidationInfo) -> bool:
    return info.data.get("environment") == "production"


def _require_outside_production(info: ValidationInfo, remedy: str) -> None:
    if _in_production(info):
        raise ValueError(f"is required when ENVIRONMENT is production; {remedy}")
