"""Print a development token for a user, signed with BETTER_AUTH_SECRET or the local development secret."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import timedelta
from pathlib import Path

from specfirst.serving.startup import StartupError

from devtools.development_secret import development_secret
from impl.identity.tokens import mint_token
from impl.settings import load_settings

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/token", description=__doc__)
    parser.add_argument("user", metavar="USER", help="the user's id, the token's `sub`")
    parser.add_argument("--hours", type=float, default=12, help="hours until the token expires (%(default)s)")
    parser.add_argument("--email", help="the claim `email`")
    parser.add_argument("--name", help="the claim `name`")
    parser.add_argument(
        "--data", type=Path, default=ROOT / ".data", help="the folder given to scripts/serve (.data)"
    )
    options = parser.parse_args()
    try:
        secret = _secret(options.data.absolute())
    except StartupError as error:
        sys.exit(f"scripts/token: {error}")
    lifetime = timedelta(hours=options.hours)
    print(mint_token(secret, options.user, lifetime, email=options.email, name=options.name))


def _secret(data: Path) -> str:
    os.chdir(ROOT)
    settings = load_settings()
    if settings.environment == "production":
        raise StartupError("ENVIRONMENT is production, where only the login service issues tokens")
    if settings.shared_secret:
        return settings.shared_secret.get_secret_value()
    if settings.auth_jwks_url:
        raise StartupError(
            "only the Better Auth server of BETTER_AUTH_URL issues tokens; set BETTER_AUTH_SECRET and "
            "AUTH_HS256=true to accept those of this command too"
        )
    return development_secret(data / "development-secret")


if __name__ == "__main__":
    main()
