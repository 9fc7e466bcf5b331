"""Fetch the documentation pages' assets from their npm packages, and check their SHA-256.

specfirst/src/specfirst/runtime/assets/README.md lists them.
If one of them differs, nothing is written. The README also says how to take a newer version.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ASSETS = Path(__file__).parent.parent / "specfirst/src/specfirst/runtime/assets"
ROW = re.compile(r"^\| ([\w-]+) \| ([\d.]+) \| (\S+) \| ([0-9a-f]{64}) \|$", re.MULTILINE)


def main() -> None:
    argparse.ArgumentParser(prog="scripts/assets", description=__doc__).parse_args()
    rows: list[tuple[str, str, str, str]] = ROW.findall((ASSETS / "README.md").read_text())
    fetched: dict[str, bytes] = {}
    differing: list[str] = []
    for package, version in sorted({row[:2] for row in rows}):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(
                ["npm", "pack", "--silent", f"{package}@{version}"],
                cwd=folder,
                check=True,
                stdout=subprocess.DEVNULL,
            )
            with tarfile.open(Path(folder) / f"{package}-{version}.tgz") as archive:
                for _, _, file, expected in (row for row in rows if row[:2] == (package, version)):
                    member = archive.extractfile(f"package/{file}")
                    fetched[f"{package}/{file}"] = content = member.read() if member else b""
                    if (actual := hashlib.sha256(content).hexdigest()) != expected:
                        differing.append(f"{package} {version} {file}: expected {expected}, got {actual}")
    if differing:
        sys.exit("\n".join(differing) + "\nNothing was written.")
    for name, content in fetched.items():
        (ASSETS / name).parent.mkdir(parents=True, exist_ok=True)
        (ASSETS / name).write_bytes(content)
    print(f"{len(fetched)} files match specfirst/src/specfirst/runtime/assets/README.md.")


if __name__ == "__main__":
    main()
