"""The secret that signs tokens in development, where neither a login service nor a shared secret is set."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path


def development_secret(path: Path) -> str:
    """The secret kept in `path`, made when there is none; of several processes all get the same."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp makes a file that only its owner can read, and os.link fails if another process was first;
        # so nobody ever reads half a secret.
        handle, temporary = tempfile.mkstemp(dir=path.parent)
        try:
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(32))
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            os.unlink(temporary)
    return path.read_text()
