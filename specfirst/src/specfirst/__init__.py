"""Execute OpenAPI contracts: lint, diff, code generation, a FastAPI engine, mocks and fuzzing.

The public names are imported when they are first used, so that `import specfirst` is quick and needs no
extra. The functions that check contracts are in their rooms: `specfirst.lint.lint` and `specfirst.diff.diff`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from specfirst.codegen.generate import generate as generate
    from specfirst.contract.document import Document as Contract
    from specfirst.contract.document import DocumentError as DocumentError
    from specfirst.coverage import Recorder as Recorder
    from specfirst.runtime.application import ContractAPI as ContractAPI
    from specfirst.runtime.errors import APIError as APIError
    from specfirst.runtime.errors import Forbidden as Forbidden
    from specfirst.runtime.errors import Invalid as Invalid
    from specfirst.runtime.errors import NotFound as NotFound
    from specfirst.runtime.errors import TooManyRequests as TooManyRequests
    from specfirst.runtime.errors import Unauthenticated as Unauthenticated
    from specfirst.runtime.errors import ValidationErrorItem as ValidationErrorItem
    from specfirst.runtime.mock_server import create_mock as create_mock
    from specfirst.runtime.routing import Engine as Engine
    from specfirst.runtime.security import Granted as Granted
    from specfirst.runtime.security import forwarded_certificate as forwarded_certificate
    from specfirst.runtime.validating_proxy import ValidatingProxy as ValidatingProxy
    from specfirst.serving.connections import Limits as Limits
    from specfirst.serving.startup import StartupError as StartupError

__version__ = "0.1.0"

_ERRORS = (
    *("APIError", "Forbidden", "Invalid", "NotFound", "TooManyRequests", "Unauthenticated"),
    "ValidationErrorItem",
)
_PLACES = {
    "Contract": "contract.document:Document",
    "ContractAPI": "runtime.application:ContractAPI",
    "DocumentError": "contract.document:DocumentError",
    "Engine": "runtime.routing:Engine",
    "Granted": "runtime.security:Granted",
    "Limits": "serving.connections:Limits",
    "Recorder": "coverage:Recorder",
    "StartupError": "serving.startup:StartupError",
    "ValidatingProxy": "runtime.validating_proxy:ValidatingProxy",
    "create_mock": "runtime.mock_server:create_mock",
    "forwarded_certificate": "runtime.security:forwarded_certificate",
    "generate": "codegen.generate:generate",
    **{name: f"runtime.errors:{name}" for name in _ERRORS},
}
"""The module of each public name below this package, and its name there."""

__all__ = [
    "APIError",
    "Contract",
    "ContractAPI",
    "DocumentError",
    "Engine",
    "Forbidden",
    "Granted",
    "Invalid",
    "Limits",
    "NotFound",
    "Recorder",
    "StartupError",
    "TooManyRequests",
    "Unauthenticated",
    "ValidatingProxy",
    "ValidationErrorItem",
    "__version__",
    "create_mock",
    "forwarded_certificate",
    "generate",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, _, found = _PLACES[name].partition(":")
    return getattr(import_module(f"{__name__}.{module}"), found)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
