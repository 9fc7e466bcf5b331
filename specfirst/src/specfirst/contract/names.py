"""The names of a contract in Python: one table, from which the generator, the engine and the commands read.

A name is as close to the author's as Python allows. Where two would be equal, the one that stands first in
the document keeps its name, and each other one gets the next free number: `get_item` and `get_item_2`.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Container, Iterable

# Types that stand unqualified in generated code.
TYPE_NAMES = frozenset({"str", "int", "float", "bool", "bytes", "list", "dict"})

# Names that generated code uses itself, where it also has names of the contract.
TAKEN_BY_ARGUMENTS = frozenset({"self", "caller", "body", "operations", "accept"})
TAKEN_BY_HEADERS = TYPE_NAMES | {"self", "status", "body", "media_type"}
TAKEN_BY_OPERATIONS = TYPE_NAMES | {"components", "engine", "operations", "plain", "router"}
TAKEN_BY_TAGS = frozenset({"build", "engine"})
TAKEN_BY_SCHEMES = frozenset({"annotations"})
TAKEN_BY_CLASSES = frozenset(
    {
        *(
            "Annotated",
            "Any",
            "AsyncIterable",
            "AsyncIterator",
            "ClassVar",
            "Literal",
            "NotRequired",
            "Protocol",
            "TypeVar",
        ),
        *("TypeAlias", "TypeAliasType", "TypedDict", "UUID", "IPv4Address", "IPv6Address", "Path"),
        *("AwareDatetime", "BaseModel", "ConfigDict", "Field", "MISSING", "None", "True", "False"),
        *("APIRouter", "Body", "Cookie", "Depends", "Header", "Query", "Security", "UploadFile"),
        *("APIKeyCookie", "APIKeyHeader", "APIKeyQuery", "HTTPBasic", "HTTPBearer"),
        *("CallerT", "Engine", "Result", "date", "datetime"),
    }
)
"""Names that the generated modules have besides those of the schemas."""


def python_name(name: str, taken: Container[str] = ()) -> str:
    """Turn a name of the contract into a Python identifier: `X-Request-ID` is `x_request_id`.

    A keyword, and a name in `taken`, gets an underscore at its end.
    """
    words = re.sub(r"([a-z0-9])([A-Z])|([A-Z]+)(?=[A-Z][a-z])", r"\1\3_\2", name)
    identifier = re.sub(r"\W+", "_", words, flags=re.ASCII).strip("_").lower()
    if not identifier or identifier[0].isdigit():
        identifier = f"_{identifier}"
    return f"{identifier}_" if keyword.iskeyword(identifier) or identifier in taken else identifier


def tag_name(tag: str) -> str:
    """The name of a tag's module, and of its argument of `build_router`: `import` is `import_`."""
    return python_name(tag, TAKEN_BY_TAGS)


def pascal(name: str) -> str:
    """Write a name of the contract as the name of a class: `listTasks` is `ListTasks`."""
    return class_name("".join(word.title() for word in python_name(name).split("_")))


def class_name(name: str) -> str:
    """Turn the name of a schema into that of a class, which keeps its capitals: `HTTPError`, `UserId`."""
    words = re.findall(r"[^\W_]+", name)
    if len(words) == 1 and words[0] == name and name[:1].isupper() and name.isidentifier():
        return name
    text = "".join(word[:1].upper() + word[1:] for word in words)
    text = re.sub(r"\W", "", text)
    return text if text.isidentifier() and not keyword.iskeyword(text) else f"_{text}"


class Names:
    """Gives out names that differ from each other."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = set(taken)

    def unique(self, name: str) -> str:
        """Return this name, with a number if another part has it. Names that end in a digit get `_2`."""
        chosen, number = name, 1
        while chosen in self._taken:
            number += 1
            separator = "_" if name[:1].islower() or name[-1:].isdigit() or name.startswith("_") else ""
            chosen = f"{name.rstrip('_') or name}{separator}{number}"
        self._taken.add(chosen)
        return chosen
