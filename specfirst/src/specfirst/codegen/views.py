"""The data that the templates in `templates/routers` are rendered with.

The stock output drops security, operationIds, response headers and media types, so the operations are read
from the contract itself; fastapi-code-generator resolves the type names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

from specfirst.contract.document import (
    Document,
    DocumentError,
    Header,
    Operation,
    Parameter,
    Pointer,
    Response,
    pascal,
    python_name,
    tag_name,
)

if TYPE_CHECKING:
    from fastapi_code_generator.parser import OpenAPIParser

_SCALARS = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None"}


@dataclass(frozen=True)
class Argument:
    """A parameter or body as an argument of Python functions."""

    identifier: str
    name: str
    location: str
    hint: str
    default: str | None
    description: str
    passed: bool = True
    """Whether the implementation receives it; the engine itself evaluates the preconditions of GET."""

    @property
    def marker(self) -> str:
        """Return FastAPI's parameter declaration, such as `Query(...)`."""
        options = [f"alias={self.name!r}"] if self.name != self.identifier and self.location != "body" else []
        if self.description:
            options.append(f"description={self.description!r}")
        return f"{self.location.title()}({', '.join(options)})"


@dataclass(frozen=True)
class TypedResult:
    """A success response that has headers, or is one of several."""

    name: str
    response: Response
    body: str | None
    headers: tuple[tuple[Header, str], ...]


@dataclass(frozen=True)
class OtherResponse:
    """A response other than the first success. `component` is the name of a shared one's constant."""

    response: Response
    model: str
    headers: Mapping[str, Any]
    component: str | None


@dataclass(frozen=True)
class OperationView:
    """An operation for the templates."""

    contract: Operation
    arguments: tuple[Argument, ...]
    results: tuple[TypedResult, ...]
    returns: str
    success: Response
    success_headers: Mapping[str, Any]
    model: str
    others: tuple[OtherResponse, ...]
    schemes: tuple[str, ...]

    @property
    def caller(self) -> str | None:
        """Return the type of the caller; None for an operation without authentication."""
        if not self.contract.security:
            return None
        return "CallerT" if all(self.contract.security) else "CallerT | None"

    @property
    def passed(self) -> tuple[Argument, ...]:
        """Return the arguments of the implementation's method."""
        return tuple(argument for argument in self.arguments if argument.passed)

    @property
    def statuses(self) -> str:
        return ", ".join(str(status) for status in self.contract.responses if status >= 400)


@dataclass(frozen=True)
class TagView:
    """A tag with its operations: a Protocol and a router."""

    name: str
    description: str
    operations: tuple[OperationView, ...]

    @property
    def identifier(self) -> str:
        """The name of its module, and of its argument of `build_router`."""
        return tag_name(self.name)

    @property
    def protocol(self) -> str:
        return f"{pascal(self.name)}Operations"

    @property
    def secured(self) -> bool:
        """Return whether an operation has a caller, so that the Protocol is generic in its type."""
        return any(operation.caller for operation in self.operations)


@dataclass(frozen=True)
class SchemeView:
    """A security scheme as FastAPI's security class."""

    identifier: str
    declaration: str


class Views:
    def __init__(self, parser: OpenAPIParser) -> None:
        self._parser = parser
        self._document = Document(parser.raw_obj)

    def tags(self) -> list[TagView]:
        descriptions = {
            tag["name"]: tag.get("description", "") for tag in self._document.content.get("tags", [])
        }
        operations = [self._operation(operation) for operation in self._document.operations]
        names = dict.fromkeys([*descriptions, *(view.contract.tag for view in operations)])
        views = [
            TagView(
                name,
                descriptions.get(name, "").strip(),
                tuple(o for o in operations if o.contract.tag == name),
            )
            for name in names
        ]
        return [view for view in views if view.operations]

    def schemes(self) -> list[SchemeView]:
        return [self._scheme(name, scheme) for name, scheme in self._document.security_schemes.items()]

    def _scheme(self, name: str, scheme: Mapping[str, Any]) -> SchemeView:
        options = {"scheme_name": name}
        if scheme.get("description"):
            options["description"] = scheme["description"].strip()
        if scheme["type"] == "apiKey":
            kind = f"APIKey{scheme['in'].title()}"
            options = {"name": scheme["name"], **options}
        elif scheme["type"] == "http" and scheme["scheme"].lower() == "basic":
            kind = "HTTPBasic"
        else:
            kind = "HTTPBearer"
            if "bearerFormat" in scheme:
                options = {"bearerFormat": scheme["bearerFormat"], **options}
        arguments = "".join(f"{key}={value!r}, " for key, value in options.items())
        return SchemeView(python_name(name), f"{kind}({arguments}auto_error=False)")

    def _operation(self, operation: Operation) -> OperationView:
        if not operation.successes:
            raise DocumentError(
                f"the operation {operation.operation_id} has no success response",
                operation.pointer,
                remedy="declare a 2xx response",
            )
        results = tuple(self._results(operation))
        success = operation.successes[0]
        model = self._hint(success.schema, success.pointer) if success.schema else "None"
        return OperationView(
            contract=operation,
            arguments=tuple(self._arguments(operation)),
            results=results,
            returns=" | ".join(result.name for result in results) or self._plain_type(success) or model,
            success=success,
            success_headers=self._declared_headers(success),
            model=model,
            others=tuple(
                self._other(response) for response in operation.responses.values() if response is not success
            ),
            schemes=tuple(
                dict.fromkeys(python_name(name) for requirement in operation.security for name in requirement)
            ),
        )

    def _other(self, response: Response) -> OtherResponse:
        shared = response.pointer[:2] == ("components", "responses")
        return OtherResponse(
            response,
            model=self._hint(response.schema, response.pointer) if response.schema else "",
            headers=self._declared_headers(response),
            component=python_name(response.pointer[2]).upper() if shared else None,
        )

    def _declared_headers(self, response: Response) -> dict[str, Any]:
        """Return the headers for FastAPI, with inlined schemas: it does not support components here."""
        return {
            header.name: {
                "description": header.description,
                "required": header.required,
                "schema": dict(self._document.follow(header.schema, response.pointer)[0]),
            }
            for header in response.headers
        }

    def _arguments(self, operation: Operation) -> Iterator[Argument]:
        for parameter in operation.parameters:
            yield self._argument(parameter, passed=parameter in operation.arguments)
        if operation.body:
            hint = self._hint(operation.body.schema, operation.body.pointer)
            required = operation.body.required
            description = self._document.follow(self._document.get(operation.body.pointer), ())[0]
            yield Argument(
                identifier="body",
                name="body",
                location="body",
                hint=hint if required else f"{hint} | None",
                default=None if required else "None",
                description=description.get("description", "").strip(),
            )

    def _argument(self, parameter: Parameter, *, passed: bool) -> Argument:
        schema, _ = self._document.follow(parameter.schema, parameter.pointer)
        hint = self._hint(parameter.schema, parameter.pointer)
        default = None if parameter.required else repr(schema.get("default"))
        return Argument(
            identifier=parameter.identifier,
            name=parameter.name,
            location=parameter.location,
            hint=f"{hint} | None" if default == "None" else hint,
            default=default,
            description=parameter.description,
            passed=passed,
        )

    def _results(self, operation: Operation) -> Iterator[TypedResult]:
        if len(operation.results) == 1 and not operation.results[0].headers:
            return
        for response in operation.results:
            yield TypedResult(
                name=f"{pascal(operation.operation_id)}{response.status}",
                response=response,
                body=self._plain_type(response),
                headers=tuple((header, self._header_hint(header, response)) for header in response.headers),
            )

    def _header_hint(self, header: Header, response: Response) -> str:
        schema, _ = self._document.follow(header.schema, response.pointer)
        hint = _SCALARS[schema.get("type", "string")]
        return hint if header.required else f"{hint} | None"

    def _plain_type(self, response: Response) -> str | None:
        """Return the types of a response body: the model, and the plain dict of the same shape."""
        if response.schema is None:
            return None
        model = self._hint(response.schema, response.pointer)
        plain = self._hint(response.schema, response.pointer, module="plain.")
        return model if plain == model else f"{model} | {plain}"

    def _hint(self, schema: Mapping[str, Any], pointer: Pointer, module: str = "") -> str:
        """Return the Python type of a schema: a generated one, or a builtin if the schema adds no constraint.

        `module` is the prefix of names that differ from those of generated/schemas.py.
        """
        if "$ref" in schema:
            # Generated code imports a component by the name that the model generator gives it.
            name = str(self._parser.get_ref_data_type(schema["$ref"]).type_hint)
            scalar = self._document.follow(schema, pointer)[0].get("type") in _SCALARS
            return name if scalar else f"{module}{name}"
        kind = schema.get("type")
        if kind == "array":
            return f"list[{self._hint(schema['items'], pointer, module)}]"
        kinds = kind if isinstance(kind, list) else [str(kind)]
        if all(name in _SCALARS for name in kinds):
            return " | ".join(_SCALARS[name] for name in kinds)
        raise DocumentError(
            "the schema is neither a component nor a plain scalar",
            pointer,
            remedy="move it to components/schemas and refer to it",
        )


def docstring(text: str, indent: int) -> str:
    """Format prose as the text of a docstring that is indented by `indent` columns."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in re.split(r"\n\s*\n", text.strip())]
    filled = [wrap(p, 100 - indent, break_long_words=False, break_on_hyphens=False) for p in paragraphs]
    lines = "\n\n".join("\n".join(paragraph) for paragraph in filled)
    # Quotation marks in the text must not join the closing ones of the docstring.
    escaped = re.sub(r'\\|"{3,}|"+\Z', lambda match: "".join("\\" + c for c in match[0]), lines)
    return escaped.replace("\n", "\n" + " " * indent).replace("\n" + " " * indent + "\n", "\n\n")


def used_names(hints: Iterable[str], names: Iterable[str]) -> list[str]:
    """Return those of `names` that occur in the type hints, for the imports of a generated module."""
    words = {word for hint in hints for word in re.findall(r"\w+", hint)}
    return sorted(words.intersection(names))


def visit(parser: OpenAPIParser, model_path: Path) -> dict[str, object]:
    views = Views(parser)
    tags = views.tags()
    schemas = list(parser.raw_obj.get("components", {}).get("schemas", {}))
    operations = [operation for tag in tags for operation in tag.operations]
    shared = {
        other.component: other for operation in operations for other in operation.others if other.component
    }
    return {
        "contract": parser.raw_obj["info"],
        "tag_views": tags,
        "schemes": views.schemes(),
        "shared_responses": sorted(shared.items()),
        "docstring": docstring,
        "schemas_of_operations": used_names([hint for o in operations for hint in _hints(o)], schemas),
        "schemas_of_components": used_names([other.model for other in shared.values()], schemas),
        "schemas_of_tag": {
            tag.name: used_names([hint for o in tag.operations for hint in _router_hints(o)], schemas)
            for tag in tags
        },
    }


def _hints(operation: OperationView) -> list[str]:
    bodies = [result.body for result in operation.results if result.body]
    return [argument.hint for argument in operation.arguments] + bodies + [operation.returns]


def _router_hints(operation: OperationView) -> list[str]:
    own = [other.model for other in operation.others if not other.component]
    return [argument.hint for argument in operation.arguments] + own + [operation.model, operation.returns]
