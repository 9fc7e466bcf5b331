"""Settings from the environment, read once. `.env.example` describes each one."""

from __future__ import annotations

import os
import re
from base64 import b64decode
from collections.abc import Iterator
from contextlib import suppress
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_der_public_key
from cryptography.x509 import load_der_x509_certificate
from dotenv import dotenv_values
from jose import jwk
from jose.exceptions import JOSEError
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from specfirst.runtime.proxies import path_prefix
from specfirst.serving.startup import StartupError

from impl.connection_strings import read_connection_string

# Words in the secrets of examples and tutorials. A random secret contains one of them with a probability
# below one in a million.
_PLACEHOLDER_WORDS = ("change", "example", "placeholder", "replace", "insecure", "better-auth", "your")

# The base64url equivalents of two base64 characters.
_BASE64 = bytes.maketrans(b"-_", b"+/")

# Other programs share the environment. Names with these prefixes are meant for this service, except those
# that Better Auth, Neon's integrations and Kubernetes set.
_PREFIXES = ("BETTER_AUTH_", "DATABASE_", "METRICS_", "RATE_LIMIT_", "SHUTDOWN_")
_OTHERS_NAMES = re.compile(
    r"BETTER_AUTH_(SECRETS|TRUSTED_ORIGINS|TELEMETRY\w*)|DATABASE_\w*URL\w*"
    r"|\w+_(SERVICE_HOST|SERVICE_PORT\w*|PORT_\d\w*)"
)

_DEFAULT_PORTS = {"http": 80, "https": 443}


class SettingsError(StartupError):
    """Invalid settings, one line for each, without the values."""


class Settings(BaseSettings):
    # An empty variable counts as not set, such as `DATABASE_URL=` in a copied .env file.
    model_config = SettingsConfigDict(env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True)

    # First, since the validation of the others depends on it.
    environment: Literal["development", "test", "production"] = "development"
    database_url: SecretStr | None = Field(default=None, validate_default=True)
    database_pool_size: int = Field(default=10, ge=1, le=1000)
    database_sharded: bool = False
    database_read_url: SecretStr | None = None
    better_auth_url: str | None = None
    auth_jwks_url: str | None = Field(default=None, validate_default=True)
    auth_issuer: str | None = Field(default=None, validate_default=True)
    auth_audience: str | None = Field(default=None, validate_default=True)
    better_auth_secret: SecretStr | None = Field(default=None, validate_default=True)
    auth_hs256: bool | None = None
    frontend_url: str = "http://localhost:3000"
    keep_alive_seconds: int = Field(default=5, ge=1)
    shutdown_seconds: int = Field(default=25, ge=1)
    shutdown_notice_seconds: int = Field(default=None, validate_default=True, ge=0)
    rate_limit_per_user: int = Field(default=None, validate_default=True, ge=0)
    rate_limit_per_address: int = Field(default=None, validate_default=True, ge=0)
    forwarded_allow_ips: str = "127.0.0.1,::1"
    root_path: str = ""
    metrics_port: int | None = Field(default=None, ge=0, le=65535)
    metrics_folder: Path | None = None
    access_log: bool = True
    traces: bool = False
    docs: bool = Field(default=None, validate_default=True)
    validate_responses: bool = Field(default=None, validate_default=True)
    allow_unimplemented: bool = False
    mock: Literal["all", "unimplemented"] | None = None
    development_user: str | None = None
    observations: Path | None = None

    @property
    def shared_secret(self) -> SecretStr | None:
        """Return the secret that verifies tokens (HS256), or None if only the key set does.

        Better Auth reads BETTER_AUTH_SECRET too, so a `.env` file for both sets it beside the key set. The
        secret makes tokens for every user, so AUTH_HS256 must say that this is wanted.
        """
        accepted = self.auth_jwks_url is None if self.auth_hs256 is None else self.auth_hs256
        return self.better_auth_secret if accepted else None

    @property
    def warning(self) -> str | None:
        """Return what to log at the start: a secret that is not used, and why."""
        if self.auth_hs256 is not None or self.better_auth_secret is None or self.auth_jwks_url is None:
            return None
        return (
            "BETTER_AUTH_SECRET is set and verifies no token, because the key set of BETTER_AUTH_URL does; "
            "set AUTH_HS256=true to accept HS256 tokens too, or AUTH_HS256=false to confirm that you do not"
        )

    @property
    def shared_secret_audience(self) -> str | None:
        """Return the required `aud` of a token signed with the secret; None accepts any.

        Better Auth is its own audience and usually part of the front end. The default of FRONTEND_URL does
        not tell where Better Auth is.
        """
        stated = self.frontend_url if "frontend_url" in self.model_fields_set else None
        return self.auth_audience or stated

    @field_validator("database_url", "database_read_url")
    @classmethod
    def _check_database_url(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None:
            if info.field_name == "database_url":
                _require_outside_production(
                    info, "set it to the connection string of your PostgreSQL database"
                )
            return None
        read_connection_string(value.get_secret_value())
        return value

    @field_validator("better_auth_url", "auth_jwks_url")
    @classmethod
    def _check_url(cls, value: str | None) -> str | None:
        if value is not None and (_origin(value) is None or "#" in value):
            raise ValueError("must be a URL such as https://auth.example.com: http or https, a host, no user")
        return value

    @field_validator("auth_jwks_url")
    @classmethod
    def _default_to_better_auths_keys(cls, value: str | None, info: ValidationInfo) -> str | None:
        base = info.data.get("better_auth_url")
        if value is not None or base is None:
            return value
        # As in Better Auth: the base path is /api/auth unless the URL has a path.
        base = base.rstrip("/")
        return f"{base}/jwks" if urlsplit(base).path else f"{base}/api/auth/jwks"

    @field_validator("auth_issuer", "auth_audience")
    @classmethod
    def _default_to_better_auths_origin(cls, value: str | None, info: ValidationInfo) -> str | None:
        base = info.data.get("better_auth_url")
        if value is None and base is not None:
            return _origin(base)
        if value is None and info.data.get("auth_jwks_url") is not None:
            claim = "iss" if info.field_name == "auth_issuer" else "aud"
            raise ValueError(
                f"is required with AUTH_JWKS_URL; set it to the `{claim}` of the tokens, "
                "or set BETTER_AUTH_URL, which gives all three"
            )
        return value

    @field_validator("better_auth_secret")
    @classmethod
    def _check_secret(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value is None:
            # Missing if ENVIRONMENT itself was invalid, which is already reported.
            if info.data.get("auth_jwks_url", "") is None and "better_auth_url" in info.data:
                _require_outside_production(
                    info, "set BETTER_AUTH_URL to your Better Auth server, or this to a secret that it shares"
                )
            return None
        secret = value.get_secret_value()
        remedy = "generate one with `openssl rand -base64 32`"
        try:
            length = len(secret.encode())
        except UnicodeEncodeError:
            raise ValueError(f"is not UTF-8 text; {remedy}") from None
        if _is_key(secret):
            raise ValueError(f"is a key or a certificate, not a shared secret; {remedy}")
        if length < 32:
            raise ValueError(f"has {length} bytes and must have at least 32; {remedy}")
        placeholder = len(set(secret)) < 8 or any(word in secret.lower() for word in _PLACEHOLDER_WORDS)
        if placeholder and _in_production(info):
            raise ValueError(f"is a placeholder that anybody can guess; {remedy}")
        return value

    @field_validator("auth_hs256")
    @classmethod
    def _check_hs256(cls, value: bool | None, info: ValidationInfo) -> bool | None:
        if value and info.data.get("better_auth_secret", "") is None:
            raise ValueError("is true, and there is no secret; set BETTER_AUTH_SECRET too, or unset it")
        if value is False and info.data.get("auth_jwks_url", "") is None:
            raise ValueError("is false, and no key set verifies tokens; set BETTER_AUTH_URL, or unset it")
        return value

    @field_validator("frontend_url")
    @classmethod
    def _check_origin(cls, value: str) -> str:
        origin = _origin(value)
        if origin is None or "*" in value or value.partition("://")[2].rstrip("/") != urlsplit(value).netloc:
            raise ValueError(
                "must be one origin, such as https://app.example.com: http or https, a host, no path and no *"
            )
        return origin

    @field_validator("root_path")
    @classmethod
    def _check_prefix(cls, value: str) -> str:
        prefix = path_prefix(value)
        if prefix is None:
            raise ValueError("must be a path such as /tasks-api: a slash and letters, digits, or any of -._~")
        return prefix

    @field_validator("forwarded_allow_ips")
    @classmethod
    def _check_networks(cls, value: str) -> str:
        # uvicorn would take any other text for the name of a proxy, which no proxy has.
        for each in value.split(",") if value != "*" else ():
            try:
                ip_network(each.strip())
            except ValueError:
                raise ValueError(
                    "must be *, or a list of addresses and networks such as 10.0.0.0/8, whose host bits are 0"
                ) from None
        return value

    @field_validator("mock")
    @classmethod
    def _not_in_production(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and _in_production(info):
            raise ValueError("returns examples instead of data; unset it in production")
        return value

    @field_validator("development_user")
    @classmethod
    def _only_in_development(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value is not None and info.data.get("environment") != "development":
            raise ValueError("gives a token to everybody who opens /docs; unset it outside development")
        if value is not None and info.data.get("auth_jwks_url") and not info.data.get("auth_hs256"):
            raise ValueError(
                "needs a secret to sign a token with; set BETTER_AUTH_SECRET and AUTH_HS256=true, or unset it"
            )
        return value

    @field_validator("shutdown_notice_seconds", mode="before")
    @classmethod
    def _default_to_five_in_production(cls, value: object, info: ValidationInfo) -> object:
        return (5 if _in_production(info) else 0) if value is None else value

    @field_validator("rate_limit_per_user", "rate_limit_per_address", mode="before")
    @classmethod
    def _default_to_production(cls, value: object, info: ValidationInfo) -> object:
        if value is not None:
            return value
        return (1200 if info.field_name == "rate_limit_per_user" else 600) if _in_production(info) else 0

    @field_validator("docs", "validate_responses", mode="before")
    @classmethod
    def _default_to_outside_production(cls, value: object, info: ValidationInfo) -> object:
        return not _in_production(info) if value is None else value


def load_settings() -> Settings:
    """Read the settings from the environment and from `.env`; raise SettingsError."""
    settings, lines = None, list[str]()
    try:
        lines += _unknown_names()
        settings = Settings()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise SettingsError(f".env cannot be read: {reason}; fix that file, or remove it") from None
    except ValidationError as error:
        # Use only the message of each error: Pydantic's own text would repeat the value, which may be secret.
        errors = error.errors(include_url=False, include_input=False)
        lines += [f"{str(item['loc'][0]).upper()} {_reason(item['msg'])}" for item in errors]
    if settings is None or lines:
        raise SettingsError("\n".join(lines)) from None
    return settings


def _unknown_names() -> Iterator[str]:
    """Report unknown names in `.env`, and names in the environment that look like ours."""
    known = {name.upper() for name in Settings.model_fields}
    in_file = {name.upper() for name in dotenv_values(".env")}
    for name in sorted((in_file | {name.upper() for name in os.environ}) - known):
        alike = get_close_matches(name, known, n=1, cutoff=0.85)
        # A name with a suffix after one of ours is not a misspelling.
        misspelt = bool(alike) and len(name) > 5 and not name.startswith(f"{alike[0]}_")
        ours = misspelt or name.startswith(_PREFIXES)
        if name in in_file or (ours and not _OTHERS_NAMES.fullmatch(name)):
            yield f"Unknown setting {name}; " + (
                f"did you mean {alike[0]}?" if alike else ".env.example lists all settings"
            )


def _reason(message: str) -> str:
    return message.removeprefix("Value error, ").replace("Input should be", "must be")


def _origin(url: str) -> str | None:
    """Return the origin of a URL as browsers and Better Auth write it, or None if it has none.

    Lower case, without the default port of the scheme and without a final slash (RFC 6454, section 6.2).
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    # urlsplit silently drops line breaks and tabs.
    sound = url.isascii() and url.isprintable() and " " not in url and "@" not in parts.netloc
    if parts.scheme not in _DEFAULT_PORTS or not parts.hostname or not sound:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    suffix = "" if port in (None, _DEFAULT_PORTS[parts.scheme]) else f":{port}"
    return f"{parts.scheme}://{host}{suffix}"


def _is_key(text: str) -> bool:
    """Return whether the text is a key or a certificate in any textual format; it may be public."""
    readings = [text.encode()]
    # Decoded base64 may be base64 again, or a PEM file.
    for _ in range(2):
        with suppress(ValueError):
            readings.append(b64decode(readings[-1].translate(_BASE64) + b"=="))
    with suppress(ValueError):
        readings.append(bytes.fromhex(text.removeprefix("0x").replace(":", "")))
    return any(map(_is_key_itself, readings))


def _is_key_itself(data: bytes) -> bool:
    if any(mark in data for mark in (b"-----BEGIN", b'"kty"', b'"keys"')):
        return True
    try:
        jwk.construct(data, "HS256")
    except JOSEError:
        return True
    for load in (load_der_public_key, load_der_x509_certificate):
        try:
            load(data)
            return True
        except UnsupportedAlgorithm:
            # Marked as a key, of an unknown type.
            return True
        except ValueError:
            pass
    return False


def _in_production(info: ValidationInfo) -> bool:
    return info.data.get("environment") == "production"


def _require_outside_production(info: ValidationInfo, remedy: str) -> None:
    if _in_production(info):
        raise ValueError(f"is required when ENVIRONMENT is production; {remedy}")
