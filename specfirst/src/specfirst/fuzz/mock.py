"""Settings of Schemathesis for a mock, which accepts every credential of the right form."""

from __future__ import annotations

from typing import Any

from specfirst.contract.document import Document


def mock_settings(document: Document) -> dict[str, Any]:
    """Return a credential for each security scheme, as the settings of a schemathesis.toml.

    HTTP schemes other than Basic and Bearer, and mutualTLS, have none: Schemathesis knows no others.
    """
    credentials: dict[str, Any] = {}
    for name, scheme in document.security_schemes.items():
        match scheme["type"], str(scheme.get("scheme", "")).lower():
            case "apiKey", _:
                credentials[name] = {"api_key": "key"}
            case "http", "basic":
                credentials[name] = {"username": "ada", "password": "secret"}
            case (("oauth2" | "openIdConnect"), _) | ("http", "bearer"):
                credentials[name] = {"bearer": "token"}
    return {"auth": {"openapi": credentials}} if credentials else {}
