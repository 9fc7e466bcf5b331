"""Tokens without a login service: for development, tests and the fuzz run."""

from __future__ import annotations

import os
import secrets
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from jose import jwt

from specfirst.startup import StartupError


def mint_token(
    secret: str, user_id: str, lifetime: timedelta, *, email: str | None = None, name: str | None = None
) -> str:
    """A token as Better Auth signs it with a shared secret."""
    now = int(time.time())
    claims: dict[str, object] = {"sub": user_id, "iat": now, "exp": now + int(lifetime.total_seconds())}
    profile = {"email": email, "name": name}
    claims |= {claim: value for claim, value in profile.items() if value is not None}
    return jwt.encode(claims, secret, algorithm="HS256")


def development_secret(path: Path) -> str:
    """The secret kept in `path`, made when there is none; of several processes all get the same."""
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
