"""The JSON Schema test suite, through the code by which a contract's schema becomes a verdict.

Each schema of the suite is a component of a contract: for 2020-12 of OpenAPI 3.1, and for draft 4 of OpenAPI
3.0, whose schemas are brought to the normal form first. pip downloads the suite once, into build/.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from contracts import PROJECT
from specfirst.contract.document import Document, DocumentError
from specfirst.runtime.validation import Schemas

PINNED = Path(__file__).with_name("json-schema-suite.txt")

ROOT = "in a contract, # is the document, and OpenAPI 3.0 has neither `id` nor `definitions`"
REMOTE = "the schema refers to a document that the suite's own server has, or to a metaschema"
FORMAT = "formats are asserted"
EXCEPTIONS: dict[str, dict[tuple[str, str], str]] = {
    "draft2020-12": {
        ("defs.json", "validate definition against metaschema"): REMOTE,
        ("dynamicRef.json", "strict-tree schema"): REMOTE,
        ("dynamicRef.json", "tests for implementation dynamic anchor and reference link"): REMOTE,
        ("dynamicRef.json", "$ref and $dynamicAnchor are independent of order"): REMOTE,
        ("dynamicRef.json", "$ref to $dynamicRef finds detached $dynamicAnchor"): REMOTE,
        ("format.json", ""): FORMAT,
        ("ref.json", "remote ref, containing refs itself"): REMOTE,
        ("refRemote.json", ""): REMOTE,
        ("vocabulary.json", "schema that uses custom metaschema"): "lint refuses other dialects",
        ("optional/cross-draft.json", "refs to historic drafts"): REMOTE,
    },
    "draft4": {
        ("definitions.json", "validate definition against metaschema"): REMOTE,
        ("infinite-loop-detection.json", ""): ROOT,
        ("items.json", "items and subitems"): ROOT,
        ("ref.json", ""): ROOT,
        ("refRemote.json", ""): REMOTE,
        ("optional/id.json", ""): ROOT,
        (
            "optional/zeroTerminatedFloats.json",
            "",
        ): "1.0 is an integer, as in JSON Schema since draft 6",
    },
}
"""Groups of tests, by file and the beginning of their description, that give another verdict, and why."""


@pytest.fixture(scope="module")
def suite() -> Path:
    """The folder of the suite's tests."""
    version = PINNED.read_text(encoding="utf-8").split("jsonschema==")[1].split()[0]
    folder = PROJECT / "build" / f"json-schema-suite-{version}"
    archive = folder / f"jsonschema-{version}.tar.gz"
    if not archive.exists():
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        options = ["--no-binary", "jsonschema", "--dest", str(folder), "--requirement", str(PINNED)]
        done = subprocess.run([*pip, *options], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"pip cannot download the suite: {done.stderr.strip()[-500:]}")
    tests = folder / f"jsonschema-{version}" / "json" / "tests"
    if not tests.exists():
        with tarfile.open(archive) as files:
            # Not the argument `filter`, which Python has from 3.11.4 on.
            files.extraction_filter = getattr(tarfile, "data_filter", None)
            files.extractall(folder)  # noqa: S202  # The hash of the archive is pinned.
    return tests


def groups(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(folder.rglob("*.json")):
        for group in json.loads(path.read_text(encoding="utf-8")):
            yield path.relative_to(folder).as_posix(), group


def differences(schema: Any, version: str, tests: list[dict[str, Any]]) -> list[str]:
    """Where the verdicts of a contract with this schema differ from those of the suite."""
    if version == "3.1.2" and isinstance(schema, dict):
        # The references of the suite are relative to the schema.
        schema = {"$id": "urn:suite", **schema}
    contract = {"openapi": version, "info": {}, "paths": {}, "components": {"schemas": {"Schema": schema}}}
    try:
        validator = Schemas(Document(contract)).validator({"$ref": "#/components/schemas/Schema"})
    except (DocumentError, ValueError) as error:
        return [f"it cannot be compiled: {error}"]
    return [test["description"] for test in tests if validator.is_valid(test["data"]) != test["valid"]]


@pytest.mark.parametrize(
    ("draft", "version", "least"), [("draft2020-12", "3.1.2", 1900), ("draft4", "3.0.4", 850)]
)
def test_verdicts_are_those_of_the_json_schema_test_suite(
    suite: Path, draft: str, version: str, least: int
) -> None:
    known, used, wrong, count = EXCEPTIONS[draft], set[tuple[str, str]](), [], 0
    for file, group in groups(suite / draft):
        count += len(group["tests"])
        found = differences(group["schema"], version, group["tests"])
        excused = {key for key in known if key[0] == file and group["description"].startswith(key[1])}
        if found and excused:
            used |= excused
        elif found:
            wrong.append((file, group["description"], found))
    assert wrong == []
    assert known.keys() - used == set()
    assert count >= least
