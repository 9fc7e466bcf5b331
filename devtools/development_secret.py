"""The secret that signs tokens in development, where neither a login service nor a shared secret is set."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from specfirst.serving.startup import StartupError


def development_secret(path: Path) -> str:
    """Return the secret in `path`. Create it if missing; concurrent processes get the same."""
    try:
        return _kept_secret(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise StartupError(
            f"{path}, the secret for development, cannot be used: {reason}; "
            "choose another folder with --data DIR, or set BETTER_AUTH_SECRET"
        ) from None


def _kept_secret(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # mkstemp makes a file that only its owner can read, and os.link fails if another process was first,
        # so no process ever reads an incomplete secret.
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
