"""What `specfirst fuzz` adds to what the user writes: the path of the server, and credentials of a mock."""

from __future__ import annotations

import pytest
from specfirst.cli.fuzz import _base_path
from specfirst.contract.document import Document
from specfirst.fuzz.mock import mock_settings

SCHEMES = {
    "key": {"type": "apiKey", "in": "query", "name": "key"},
    "basic": {"type": "http", "scheme": "Basic"},
    "token": {"type": "http", "scheme": "bearer"},
    "oauth": {"type": "oauth2", "flows": {}},
    "digest": {"type": "http", "scheme": "digest"},
    "tls": {"type": "mutualTLS"},
}
DOCUMENT = Document(
    {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "servers": [{"url": "https://example.com/v1"}, {"url": "/v2"}],
        "paths": {},
        "components": {"securitySchemes": SCHEMES},
    }
)


@pytest.mark.parametrize(
    ("url", "added"),
    [
        ("http://127.0.0.1:8000", "/v1"),
        ("http://127.0.0.1:8000/", ""),
        ("http://127.0.0.1:8000/v2", ""),
        ("http://127.0.0.1:8000/v1", ""),
    ],
)
def test_a_url_without_a_path_gets_that_of_the_server(url: str, added: str) -> None:
    assert _base_path(url, DOCUMENT) == added


def test_a_mock_gets_a_credential_of_the_right_form() -> None:
    assert mock_settings(DOCUMENT) == {
        "auth": {
            "openapi": {
                "key": {"api_key": "key"},
                "basic": {"username": "ada", "password": "secret"},
                "token": {"bearer": "token"},
                "oauth": {"bearer": "token"},
            }
        }
    }
