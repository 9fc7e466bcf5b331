"""Whether `info.version` says what the changes ask for (Semantic Versioning 2.0.0)."""

from __future__ import annotations

import re

from specfirst.document import Document, DocumentError

_SEMANTIC = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
)


def version_problem(old: Document, new: Document, *, breaking: bool) -> str | None:
    """What is wrong with the new version and what to do about it, or None."""
    before, after = precedence(old), precedence(new)
    texts = old.content["info"]["version"], new.content["info"]["version"]
    if after < before:
        return f"info.version went down, from {texts[0]} to {texts[1]}; it may only rise"
    if breaking and after[0] == before[0]:
        still = "still" if texts[0] == texts[1] else f"{texts[0]} before and now"
        remedy = f"raise it to {before[0] + 1}.0.0, or keep what clients rely on"
        return f"info.version is {still} {texts[1]}; {remedy}"
    return None


def precedence(document: Document) -> tuple[int, int, int, tuple[tuple[int, int, str], ...]]:
    """The version as a value that sorts as Semantic Versioning says in its section 11.

    Raises DocumentError for a version that is not semantic.
    """
    version = document.content["info"]["version"]
    match = _SEMANTIC.fullmatch(version)
    if not match:
        raise DocumentError(
            f"info.version is {version!r}, which is no semantic version",
            ("info", "version"),
            line=document.line(("info", "version")),
            remedy="write it as MAJOR.MINOR.PATCH (https://semver.org)",
        )
    major, minor, patch, pre_release = match.groups()
    identifiers = pre_release.split(".") if pre_release else []
    # Numbers come before words, and every pre-release before the release.
    ranks = [(0, int(text), "") if text.isdecimal() else (1, 0, text) for text in identifiers] or [(2, 0, "")]
    return int(major), int(minor), int(patch), tuple(ranks)
