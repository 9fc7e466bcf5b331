"""Write a software bill of materials (SBOM) of the server, as CycloneDX 1.6.

It is derived from the lock files, so its content is reproducible. Packages for other platforms have no
licence in it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.txt"

# Licences of packages whose metadata has no SPDX expression yet.
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD-3-Clause",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL-3.0-or-later",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/sbom", description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "sbom.cdx.json")
    output: Path = parser.parse_args().output
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(bill_of_materials(), indent=2) + "\n", encoding="utf-8")
    print(f"SBOM: {output.absolute()}")


def bill_of_materials() -> dict[str, Any]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    digest = hashlib.sha256(LOCK.read_bytes()).digest()
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": UUID(bytes=digest[:16], version=4).urn,
        "version": 1,
        "metadata": {
            "component": {"type": "application", "name": project["name"], "version": project["version"]}
        },
        "components": [*_python()],
    }


def pins(lock: Path) -> Iterator[tuple[str, str, list[str]]]:
    """Yield the name, version and hashes of each package in a locked requirements file."""
    for entry in re.split(r"\n(?=[a-z])", lock.read_text(encoding="utf-8")):
        if found := re.match(r"([a-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", entry):
            yield found[1], found[2], re.findall(r"--hash=sha256:([0-9a-f]{64})", entry)


def license_of(package: str) -> str | None:
    """Return the SPDX expression of a package; None if it is not installed or has no clear licence."""
    try:
        fields = metadata(package).json
    except PackageNotFoundError:
        return None
    classifiers = [text for text in fields.get("classifier", ()) if text.startswith("License ::")]
    names = [_CLASSIFIERS.get(text.rpartition(" :: ")[2]) for text in classifiers]
    said = fields.get("license_expression") or fields.get("license", "")
    if names and all(names):
        said = said if "license_expression" in fields else " AND ".join(filter(None, names))
    return str(said) if re.fullmatch(r"[\w.+() -]{1,80}", str(said)) else None


def _python() -> Iterator[dict[str, Any]]:
    for name, version, hashes in pins(LOCK):
        yield _component("pypi", name, version, license_of(name), "SHA-256", hashes)


def _component(
    kind: str, name: str, version: str, expression: str | None, algorithm: str, hashes: list[str]
) -> dict[str, Any]:
    purl = f"pkg:{kind}/{name.replace('@', '%40')}@{version}"
    return {
        "type": "library",
        "bom-ref": purl,
        "name": name,
        "version": version,
        "purl": purl,
        "hashes": [{"alg": algorithm, "content": content} for content in hashes],
        **({"licenses": [{"expression": expression}]} if expression else {}),
    }


if __name__ == "__main__":
    main()
