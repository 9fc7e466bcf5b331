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

from specfirst.codegen.types import MODEL_FORMATS, SCALARS, Definition, Types
from specfirst.contract.directions import Direction
from specfirst.contract.document import (
    Document,
    Header,
    MediaType,
    Operation,
    Parameter,
    Pointer,
    Response,
    pointer_text,
    python_name,
)
from specfirst.contract.names import TAKEN_BY_SCHEMES, Names, class_name
from specfirst.contract.shapes import TEXT, shape_of, text_shape
from specfirst.runtime.validation import Schemas

if TYPE_CHECKING:
    from fastapi_code_generator.parser import OpenAPIParser

CONTRACT = "contract.json"
"""The file with the contract, in the folder in which the generator runs."""

_MOST_BUILT = 300
"""Above this number, Pydantic builds models when they are first used: Stripe's would take half a minute at
start.
"""


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
    described: bool = True
    """Whether FastAPI can describe it."""

    @property
    def marker(self) -> str:
        """Return FastAPI's parameter declaration, such as `Query(...)`."""
        if not self.described:
            return "Depends(only_the_engine)"
        options = [f"alias={self.name!r}"] if self.name != self.identifier and self.location != "body" else []
        if self.description:
            options.append(f"description={self.description!r}")
        return f"{self.location.title()}({', '.join(options)})"


@dataclass(frozen=True)
class TypedResult:
    """A response as a class: a success that has headers or is one of several, or a range of errors."""

    name: str
    response: Response
    body: str | None
    headers: tuple[tuple[Header, str], ...]
    media_type: MediaType | None = None
    """The media type, if it is one of several, or a range that the implementation chooses from."""


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
    accepts: str | None
    """The type of the argument `accept`: the media types that the client can choose from."""

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
        return ", ".join(r.key for r in self.contract.declared.values() if r.status >= 400)

    @property
    def text(self) -> str:
        """Return what the docstring of the method says."""
        first = f"{self.contract.method.upper()} {self.contract.path}"
        if self.contract.summary:
            first += f": {self.contract.summary}."
        errors = f"Errors: {self.statuses}." if self.statuses else ""
        return "\n\n".join(part for part in (first, self.contract.description, errors) if part)

    @property
    def several_paragraphs(self) -> bool:
        return "\n\n" in self.text

    @property
    def verb(self) -> str | None:
        """Return the method of FastAPI's router that declares this operation, if it has one."""
        return (
            self.contract.method
            if self.contract.method not in ("query",) and self.contract.method.islower()
            else None
        )


@dataclass(frozen=True)
class TagView:
    """A tag with its operations: a Protocol and a router, whose module is `identifier`."""

    name: str
    identifier: str
    protocol: str
    description: str
    operations: tuple[OperationView, ...]

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
    def __init__(self, document: Document) -> None:
        self._document = document
        self._schemas = Schemas(document)
        names: dict[Pointer, str] = {}
        self.models = Types(document, names)
        self.models.components()
        self.plain = Types(document, names, plain=True)
        schemes, shared = Names(TAKEN_BY_SCHEMES), Names()
        self._schemes = {name: schemes.unique(python_name(name)) for name in document.security_schemes}
        components = document.content.get("components", {}).get("responses", {})
        self._shared = {name: shared.unique(python_name(name).upper()) for name in components}

    def tags(self) -> list[TagView]:
        descriptions = {
            tag["name"]: tag.get("description") or tag.get("summary", "")
            for tag in self._document.content.get("tags", [])
        }
        protocols = self._document.protocols
        operations = [self._operation(operation) for operation in self._document.operations]
        names = dict.fromkeys([*descriptions, *(view.contract.tag for view in operations)])
        views = [
            TagView(
                name,
                self._document.modules[name],
                protocols[name],
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
        return SchemeView(self._schemes[name], f"{kind}({arguments}auto_error=False)")

    def _operation(self, operation: Operation) -> OperationView:
        successes = tuple(self._results(operation))
        results = (*successes, *self._errors(operation))
        success = operation.successes[0]
        returns = [result.name for result in successes] or [self._body_type(operation, operation.results[0])]
        returns += [result.name for result in results[len(successes) :]]
        negotiated = [r.content for r in operation.results if len(r.content) > 1]
        names = dict.fromkeys(m.essence for content in negotiated for m in content)
        return OperationView(
            contract=operation,
            arguments=tuple(self._arguments(operation)),
            results=results,
            returns=" | ".join(returns),
            success=success,
            success_headers=self._declared_headers(success),
            model=self._model(operation, success) or "None",
            others=tuple(
                self._other(operation, response)
                for response in operation.declared.values()
                if response is not success
            ),
            schemes=tuple(
                dict.fromkeys(
                    self._schemes[name] for requirement in operation.security for name in requirement
                )
            ),
            accepts=f"Literal[{', '.join(map(repr, names))}]" if names else None,
        )

    def _other(self, operation: Operation, response: Response) -> OtherResponse:
        shared = response.pointer[:2] == ("components", "responses") and len(response.pointer) == 3
        return OtherResponse(
            response,
            model=self._model(operation, response),
            headers=self._declared_headers(response),
            component=self._shared[response.pointer[2]] if shared else None,
        )

    def _model(self, operation: Operation, response: Response) -> str:
        """Return the type by which FastAPI describes a JSON body; "" if there is none."""
        first = response.content[0] if response.content else None
        if first is None or first.codec != "json" or first.schema is None:
            return ""
        return self._hint(first.schema, (*first.pointer, "schema"), _body_name(operation, response))

    def _declared_headers(self, response: Response) -> dict[str, Any]:
        """Return the headers for FastAPI, with inlined schemas: it does not support components here."""
        return {
            header.name: {
                **({"description": header.description} if header.description else {}),
                "required": header.required,
                "schema": dict(self._document.follow(header.schema, response.pointer)[0]),
            }
            for header in response.headers
        }

    def _arguments(self, operation: Operation) -> Iterator[Argument]:
        for parameter in operation.parameters:
            yield self._argument(operation, parameter, passed=parameter in operation.arguments)
        if operation.body:
            hints = [self._body_hint(operation, m) for m in operation.body.content]
            hint = " | ".join(dict.fromkeys(hints)) if "Any" not in hints else "Any"
            required = operation.body.required
            optional = f"{hint} | None" if hint != "Any" and "None" not in hint.split(" | ") else hint
            yield Argument(
                identifier="body",
                name="body",
                location="body",
                hint=hint if required else optional,
                default=None if required else "None",
                description=operation.body.description,
                described=all(m.codec == "json" and m.schema is not None for m in operation.body.content),
            )

    def _body_hint(self, operation: Operation, media_type: MediaType) -> str:
        body = operation.body
        assert body
        role = f"{operation.class_name}Body"
        if len(body.content) > 1 and any(m.schema != body.content[0].schema for m in body.content):
            role += _suffix(media_type)
        if media_type.codec == "multipart":
            return self.models.multipart(media_type, role)
        if media_type.streams:
            return f"AsyncIterator[{self._item_hint(media_type, role, self.models, 'request')}]"
        if media_type.codec == "bytes":
            return "AsyncIterator[bytes]"
        if media_type.codec == "text":
            shape = text_shape(self._document, media_type) or TEXT
            return "str" if "string" in shape.types else _scalars(shape.scalars)
        pointer = (*media_type.pointer, "schema")
        return self.models.hint(media_type.schema, pointer, role, direction="request")

    @staticmethod
    def _item_hint(media_type: MediaType, role: str, types: Types, direction: Direction) -> str:
        schema, pointer = media_type.item_schema, media_type.item_pointer
        if len(pointer) == 3 and pointer[:2] == ("components", "schemas"):
            schema = {"$ref": pointer_text(pointer)}
        return types.hint(schema, pointer, f"{role}Item", direction=direction)

    def _argument(self, operation: Operation, parameter: Parameter, *, passed: bool) -> Argument:
        where = parameter.schema_pointer
        schema, _ = self._document.follow(parameter.schema, where)
        role = f"{operation.class_name}{class_name(parameter.name).lstrip('_')}"
        hint = self.models.hint(parameter.schema, where, role, direction="request")
        default = None if parameter.required else repr(self._default(parameter, schema))
        shape = shape_of(self._document, parameter.schema, where)
        item = shape.items or shape
        described = (
            parameter.media_type is None
            and parameter.location in ("path", "query", "header", "cookie")
            and parameter.style in ("form", "simple")
            and (shape.kind == "scalar" or (shape.kind == "array" and parameter.location != "path"))
            and item.kind == "scalar"
            and not {"array", "object"} & {*item.types}
        )
        may_be_none = default == "None" or (
            parameter.may_be_empty and not self._schemas.validator(parameter.schema, where).is_valid("")
        )
        optional = may_be_none and hint != "Any" and not hint.endswith("| None")
        return Argument(
            identifier=parameter.identifier,
            name=parameter.name,
            location=parameter.location,
            hint=f"{hint} | None" if optional else hint,
            default=default,
            description=parameter.description,
            passed=passed,
            described=described,
        )

    def _default(self, parameter: Parameter, schema: Any) -> Any:
        """Return the default of a parameter, if it is valid, and Python has it in the form of JSON."""
        default = schema.get("default") if isinstance(schema, Mapping) else None
        items, _ = self._document.follow(schema.get("items", {}), parameter.schema_pointer)
        formats = {schema.get("format"), items.get("format") if isinstance(items, Mapping) else None}
        if default is None or formats & {*MODEL_FORMATS}:
            return None
        validator = self._schemas.validator(parameter.schema, parameter.schema_pointer)
        return default if validator.is_valid(default) else None

    def _results(self, operation: Operation) -> Iterator[TypedResult]:
        """Yield the classes of the successes; there is none if the operation returns the body itself."""
        if _returns_body(operation):
            return
        for response in operation.results:
            yield from self._typed_results(operation, response)

    def _errors(self, operation: Operation) -> Iterator[TypedResult]:
        for response in operation.inexact:
            yield from self._typed_results(operation, response)

    def _typed_results(self, operation: Operation, response: Response) -> Iterator[TypedResult]:
        name = f"{operation.class_name}{_role(response)}"
        headers = tuple((header, self._header_hint(header, response)) for header in response.headers)
        several = len(response.content) > 1
        for media_type in response.content or (None,):
            suffix = _suffix(media_type) if several and media_type else ""
            yield TypedResult(
                name=self._document.classes.unique(name + suffix),
                response=response,
                body=self._plain_type(operation, response, media_type) if media_type else None,
                headers=headers,
                media_type=media_type if several or (media_type and media_type.is_range) else None,
            )

    def _header_hint(self, header: Header, response: Response) -> str:
        shape = shape_of(self._document, header.schema, response.pointer)
        if shape.kind == "array":
            hint = f"list[{_scalars(shape.items.scalars if shape.items else ('string',))}]"
        elif shape.kind == "object":
            hint = "dict[str, Any]"
        else:
            hint = _scalars(shape.scalars)
        return hint if header.required else f"{hint} | None"

    def _body_type(self, operation: Operation, response: Response) -> str:
        if not response.content:
            return "None"
        return self._plain_type(operation, response, response.content[0])

    def _plain_type(self, operation: Operation, response: Response, media_type: MediaType) -> str:
        """Return the types of a response body: the model, and the plain dict of the same shape."""
        role = _body_name(operation, response)
        if len(response.content) > 1 and any(
            m.schema != response.content[0].schema for m in response.content
        ):
            role += _suffix(media_type)
        if media_type.streams:
            model = self._item_hint(media_type, role, self.models, "response")
            plain = self._qualified(self._item_hint(media_type, role, self.plain, "response"))
            return f"AsyncIterable[{model if plain == model else f'{model} | {plain}'}]"
        simple = {"text": "str", "bytes": "bytes | AsyncIterable[bytes]"}
        if media_type.codec in simple:
            return (
                simple[media_type.codec] if not media_type.is_range else "bytes | str | AsyncIterable[bytes]"
            )
        if media_type.codec == "multipart":
            return "bytes | AsyncIterable[bytes]"
        pointer = (*media_type.pointer, "schema")
        model = self._hint(media_type.schema, pointer, role)
        plain = self._qualified(self.plain.hint(media_type.schema, pointer, role))
        return model if plain == model else f"{model} | {plain}"

    def _hint(self, schema: Any, pointer: Pointer, role: str) -> str:
        return self.models.hint(schema, pointer, role)

    def _qualified(self, hint: str) -> str:
        """Write names of plain.py with their module, except for those of scalars, which are the same."""

        def qualified(match: re.Match[str]) -> str:
            definition = self.plain.definition(match[0])
            return match[0] if definition is None or _is_scalar(definition) else f"plain.{match[0]}"

        return re.sub(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|\w+""", qualified, hint)


def _is_scalar(definition: Definition) -> bool:
    target = definition.target
    return target is not None and (
        target in {*SCALARS.values(), "datetime", "date"}
        or re.fullmatch(r"Literal\[[^\[\]]*\]", target) is not None
    )


def _scalars(types: Iterable[str]) -> str:
    return " | ".join(dict.fromkeys(SCALARS[name] for name in types)) or "str"


def _body_name(operation: Operation, response: Response) -> str:
    """Return the name of the model of a body without a name; without `Body` it is that of a typed result."""
    typed = response in operation.inexact or (response in operation.results and not _returns_body(operation))
    return f"{operation.class_name}{_role(response)}{'Body' if typed else ''}"


def _returns_body(operation: Operation) -> bool:
    """Return whether the method returns the body of its only success, and not a typed result."""
    first = operation.results[0]
    if len(operation.results) > 1 or first.headers or not first.exact:
        return False
    return not first.content or (len(first.content) == 1 and not first.content[0].is_range)


def _role(response: Response) -> str:
    return "Default" if response.key == "default" else response.key


def _suffix(media_type: MediaType) -> str:
    """Return what tells a class of one media type from those of the others: Csv, Json, MergePatchJson."""
    kind, _, subtype = media_type.essence.partition("/")
    return class_name(subtype.removeprefix("x-").replace("*", f"{kind} any").replace("* any", "any"))


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
    """Return the variables of the templates. The contract is in a file, since the parser changes what it
    reads.
    """
    return variables(Document.from_json(Path(CONTRACT).read_bytes()))


def variables(document: Document) -> dict[str, object]:
    views = Views(document)
    tags = views.tags()
    operations = [operation for tag in tags for operation in tag.operations]
    models = views.models.definitions()
    names = [definition.name for definition, _ in models]
    shared = {
        other.component: other for operation in operations for other in operation.others if other.component
    }
    return {
        "contract": {"version": "", **document.content["info"]},
        "tag_views": tags,
        "models": models,
        "deferred": len(models) > _MOST_BUILT,
        "plain_types": views.plain.definitions(),
        "schemes": views.schemes(),
        "shared_responses": sorted(shared.items()),
        "docstring": docstring,
        # fastapi-code-generator writes a router for each tag of `operations`.
        "operations": [Tagged([tag.identifier]) for tag in tags],
        "schemas_of_operations": used_names([hint for o in operations for hint in _hints(o)], names),
        "schemas_of_components": used_names([other.model for other in shared.values()], names),
        "schemas_of_tag": {
            tag.identifier: used_names([hint for o in tag.operations for hint in _router_hints(o)], names)
            for tag in tags
        },
    }


@dataclass(frozen=True)
class Tagged:
    """What fastapi-code-generator needs to know of an operation: the modules of its tags."""

    tags: list[str]


def _hints(operation: OperationView) -> list[str]:
    bodies = [result.body for result in operation.results if result.body]
    return [argument.hint for argument in operation.arguments] + bodies + [operation.returns]


def _router_hints(operation: OperationView) -> list[str]:
    own = [other.model for other in operation.others if not other.component]
    return [argument.hint for argument in operation.arguments] + own + [operation.model, operation.returns]
