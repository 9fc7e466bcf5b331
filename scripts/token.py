"""Print a development token for a user, signed with BETTER_AUTH_SECRET or the local development secret."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import timedelta
from pathlib import Path

from devtools.development_secret import development_secret
from impl.identity.tokens import mint_token
from impl.settings import SettingsError, load_settings

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/token", description=__doc__)
    parser.add_argument("user", metavar="USER", help="the user's id, the token's `sub`")
    parser.add_argument("--hours", type=float, default=12, help="how long the token is valid (%(default)s)")
    parser.add_argument("--email", help="the claim `email`")
    parser.add_argument("--name", help="the claim `name`")
    parser.add_argument(
        "--data", type=Path, default=ROOT / ".data", help="the folder given to scripts/serve (.data)"
    )
    options = parser.parse_args()
    data: Path = options.data.absolute()
    os.chdir(ROOT)
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.exit(f"scripts/token: {error}")
    if settings.environment == "production":
        sys.exit("scripts/token: ENVIRONMENT is production, where tokens come from the login service alone")
    if settings.better_auth_secret:
        secret = settings.better_auth_secret.get_secret_value()
    elif settings.auth_jwks_url:
        sys.exit(
            "scripts/token: tokens come from BETTER_AUTH_URL alone, as long as BETTER_AUTH_SECRET is not set"
        )
    else:
        secret = development_secret(data / "development-secret")
    lifetime = timedelta(hours=options.hours)
    print(mint_token(secret, options.user, lifetime, email=options.email, name=options.name))


if __name__ == "__main__":
    main()
