"""${message}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports or ""}

revision = "${up_revision}"
down_revision = "${down_revision}"


def upgrade() -> None:
    ${upgrades}


def downgrade() -> None:
    ${downgrades}
