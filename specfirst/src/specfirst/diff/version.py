"""Check whether `info.version` reflects the changes (Semantic Versioning 2.0.0)."""

from __future__ import annotations

import re

from specfirst.contract.document import Document

_SEMANTIC = re.compile(
    r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?"
)


def version_problem(old: Document, new: Document, *, breaking: bool) -> tuple[str, str, str] | None:
    """Return the rule, problem and remedy if the new version does not reflect the changes, or None.

    Versions that are not semantic, such as dates, say nothing about breaking changes.
    """
    before, after = precedence(old), precedence(new)
    texts = old.content["info"]["version"], new.content["info"]["version"]
    if before is None or after is None:
        if breaking:
            remedy = "undo the breaking changes, or write versions as MAJOR.MINOR.PATCH (https://semver.org)"
            return "version-not-raised", f"info.version {texts[1]} does not announce breaking changes", remedy
        return None
    if after < before:
        problem = f"info.version went down, from {texts[0]} to {texts[1]}"
        return "version-decreased", problem, "it must not decrease"
    if breaking and after[0] == before[0]:
        still = "still" if texts[0] == texts[1] else f"{texts[0]} before and now"
        remedy = f"increase it to {before[0] + 1}.0.0, or undo the breaking changes"
        return "version-not-raised", f"info.version is {still} {texts[1]}", remedy
    return None


def precedence(document: Document) -> tuple[int, int, int, tuple[tuple[int, int, str], ...]] | None:
    """Return a sort key for the version by section 11 of Semantic Versioning, None for another version."""
    match = _SEMANTIC.fullmatch(str(document.content["info"]["version"]))
    if not match:
        return None
    major, minor, patch, pre_release = match.groups()
    identifiers = pre_release.split(".") if pre_release else []
    # Numbers sort before words, and every pre-release before the release.
    ranks = [(0, int(text), "") if text.isdecimal() else (1, 0, text) for text in identifiers] or [(2, 0, "")]
    return int(major), int(minor), int(patch), tuple(ranks)
