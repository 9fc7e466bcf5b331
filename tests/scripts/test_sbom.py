"""The software bill of materials: packages, hashes and allowed licenses."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import cyclonedx.schema
import jsonschema_rs
import pytest
from serving import ROOT

from scripts.sbom import bill_of_materials, license_of, pins

PERMISSIVE = {"0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MIT-0", "PSF-2.0"}
# The MPL, for files that are not changed here, which requires nothing more.
ALLOWED = PERMISSIVE | {"MPL-2.0"}
# The LGPL requires that the library can be replaced, which pip can do; PSFL is another name of PSF-2.0.
ALLOWED_FOR = {"psycopg2-binary": "LGPL-3.0-or-later", "defusedxml": "PSFL"}
# Packages for other platforms, which are not installed here; their licenses were looked up.
NOT_INSTALLED = {"colorama": "BSD-3-Clause"}

LOCKS = ("requirements.txt", "requirements-local.txt", "requirements-dev.txt")


@pytest.fixture(scope="module")
def bom() -> Any:
    return bill_of_materials()


def test_the_sbom_is_valid_cyclonedx(bom: Any) -> None:
    folder = Path(cyclonedx.schema.__file__).parent / "_res"
    schemas = {
        f"http://cyclonedx.org/schema/{name}": json.loads((folder / name).read_text(encoding="utf-8"))
        for name in (f"{stem}.SNAPSHOT.schema.json" for stem in ("bom-1.6", "spdx", "jsf-0.82"))
    }
    registry = jsonschema_rs.Registry([*schemas.items()])
    schema = schemas["http://cyclonedx.org/schema/bom-1.6.SNAPSHOT.schema.json"]
    errors = jsonschema_rs.validator_for(schema, registry=registry).iter_errors(bom)
    assert [error.message for error in errors] == []
    assert (bom["bomFormat"], bom["specVersion"]) == ("CycloneDX", "1.6")


def test_the_sbom_lists_every_deployed_package_with_hashes(bom: Any) -> None:
    listed = {part["purl"]: {entry["content"] for entry in part["hashes"]} for part in bom["components"]}
    locked = {f"pkg:pypi/{name}@{version}": {*hashes} for name, version, hashes in pins(ROOT / LOCKS[0])}
    assert len(locked) == len(re.findall("^[a-z].*==", (ROOT / LOCKS[0]).read_text(), re.MULTILINE))
    assert listed == locked
    assert all(listed.values())
    assert {part["name"] for part in bom["components"] if "licenses" not in part} <= {*NOT_INSTALLED}


def test_the_sbom_is_reproducible(tmp_path: Path, bom: Any) -> None:
    command = [sys.executable, "-m", "scripts.sbom", "--output", str(tmp_path / "sbom.json")]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    assert json.loads((tmp_path / "sbom.json").read_text(encoding="utf-8")) == bom


@pytest.mark.parametrize("lock", LOCKS)
def test_locked_packages_have_hashes_and_allowed_licenses(lock: str) -> None:
    found = [*pins(ROOT / lock)]
    assert len(found) > 40
    assert [name for name, _, hashes in found if not hashes] == []
    licences = {name: license_of(name) or NOT_INSTALLED.get(name, "unknown") for name, *_ in found}
    assert {name: text for name, text in licences.items() if not allowed(name, text)} == {}


def allowed(name: str, expression: str) -> bool:
    words = {*re.findall(r"[\w.-]+", expression)} - {"AND", "OR", "WITH"}
    return words <= ALLOWED or expression == ALLOWED_FOR.get(name)


@pytest.mark.parametrize(
    "expression", ["GPL-3.0-only", "MIT AND AGPL-3.0-only", "unknown", "LGPL-3.0-or-later"]
)
def test_other_licenses_are_rejected(expression: str) -> None:
    assert not allowed("somebody-s", expression)
