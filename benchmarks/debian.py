"""Find a program, or unpack it from its Debian package without root permissions."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


def program(name: str, packages: Sequence[str], folder: Path) -> tuple[str, Mapping[str, str]] | None:
    """Return its path and environment: from the PATH, or unpacked into `folder`; None if there is none."""
    if found := shutil.which(name):
        return found, os.environ
    if not _unpacked(name, folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            for package in packages:
                # Another release may have some of them under another name, so a failure is ignored.
                subprocess.run(["apt-get", "-qq", "download", package], cwd=folder, capture_output=True)
            for archive in folder.glob("*.deb"):
                subprocess.run(["dpkg-deb", "-x", str(archive), str(folder)], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return None
    unpacked = _unpacked(name, folder)
    libraries = ":".join(map(str, (folder / "usr" / "lib").glob("*-linux-*")))
    return (unpacked, os.environ | {"LD_LIBRARY_PATH": libraries}) if unpacked else None


def _unpacked(name: str, folder: Path) -> str | None:
    return next((str(path) for path in folder.glob(f"usr/*bin/{name}")), None)
