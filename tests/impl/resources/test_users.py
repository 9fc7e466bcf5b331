from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from random import shuffle
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from generated.schemas import CategoryCreate, TaskCreate
from impl.errors import UserNotFound
from impl.identity.caller import Caller
from impl.identity.tokens import Claims
from impl.postgres.database import Database
from impl.postgres.statement import Statement
from impl.resources.categories import Categories
from impl.resources.tasks import Tasks
from impl.resources.users import Users
from impl.store.profiles import Profiles
from impl.store.statements import owned
from impl.tables import category, task


@pytest.fixture
def users(database: Database) -> Users:
    return Users(database)


@pytest.fixture
def profiles(database: Database) -> Profiles:
    return Profiles(database)


def claims(
    caller: Caller, *, issued_at: datetime | None = None, **token_claims: str | bool | frozenset[str] | None
) -> Claims:
    return Claims(user_id=caller.user_id, expires_at=0, issued_at=issued_at, **token_claims)  # type: ignore[arg-type]


async def test_a_profile_has_the_claims_of_the_token(
    users: Users,
    profiles: Profiles,
    ada: Caller,
) -> None:
    new = Caller(f"{ada.user_id}-2")
    token_claims = claims(
        new, email="ada@example.com", name="Ada", email_verified=True, image="https://i.example/a"
    )
    await profiles.write(token_claims)
    profile = await users.get_user(new, user_id=new.user_id)
    assert {name: value for name, value in profile.items() if name not in ("created_at", "updated_at")} == {
        "id": new.user_id,
        "email": "ada@example.com",
        "name": "Ada",
        "email_verified": True,
        "image": "https://i.example/a",
    }
    assert profile["created_at"] == profile["updated_at"]


async def test_a_token_updates_only_claims_that_differ(users: Users, profiles: Profiles, ada: Caller) -> None:
    await profiles.write(claims(ada, email="ada@example.com", email_verified=True))
    first = await users.get_user(ada, user_id=ada.user_id)
    assert first["updated_at"] > first["created_at"]
    await profiles.write(claims(ada))
    await profiles.write(claims(ada, email="ada@example.com"))
    assert await users.get_user(ada, user_id=ada.user_id) == first
    await profiles.write(claims(ada, name="Ada", email_verified=False))
    second = await users.get_user(ada, user_id=ada.user_id)
    assert (second["name"], second["email"], second["email_verified"]) == ("Ada", "ada@example.com", False)
    assert second["updated_at"] > first["updated_at"]


async def test_a_null_claim_clears_the_stored_value(
    users: Users,
    profiles: Profiles,
    ada: Caller,
) -> None:
    await profiles.write(claims(ada, email="ada@example.com", name="Ada", image="https://i.example/a"))
    await profiles.write(claims(ada, name="Ada L", cleared=frozenset({"image"})))
    profile = await users.get_user(ada, user_id=ada.user_id)
    assert (profile["email"], profile["name"], profile["image"]) == ("ada@example.com", "Ada L", None)
    await profiles.write(claims(ada, cleared=frozenset({"image", "email", "name"})))
    cleared = await users.get_user(ada, user_id=ada.user_id)
    assert (cleared["email"], cleared["name"]) == (None, None)
    assert cleared["updated_at"] > profile["updated_at"]


async def test_an_older_token_that_arrives_later_changes_nothing(
    users: Users, profiles: Profiles, ada: Caller
) -> None:
    first, second, third = (datetime(2026, 1, 5, hour, tzinfo=UTC) for hour in (8, 9, 10))
    new = Caller(f"{ada.user_id}-2")
    await profiles.write(claims(new, issued_at=second, name="Second"))
    await profiles.write(claims(new, issued_at=first, name="First", email="first@example.com"))
    profile = await users.get_user(new, user_id=new.user_id)
    assert (profile["name"], profile["email"]) == ("Second", None)
    # A token with the same claims updates only the stored time of the claims.
    await profiles.write(claims(new, issued_at=third, name="Second"))
    await profiles.write(claims(new, issued_at=second, name="Between"))
    assert await users.get_user(new, user_id=new.user_id) == profile
    # The order of two tokens of one second is unknown: the last one counts.
    await profiles.write(claims(new, issued_at=third, name="Third"))
    # A token without `iat` has no place in the order.
    await profiles.write(claims(new, name="Never"))
    assert (await users.get_user(new, user_id=new.user_id))["name"] == "Third"


async def test_the_newest_of_concurrent_tokens_sets_the_profile(
    users: Users, profiles: Profiles, ada: Caller
) -> None:
    for _ in range(5):
        timestamps = [datetime(2026, 1, 5, tzinfo=UTC) + timedelta(seconds=n) for n in range(20)]
        shuffle(timestamps)
        new = Caller(uuid4().hex)
        token_claims = [claims(new, issued_at=timestamp, name=str(timestamp)) for timestamp in timestamps]
        # The first token creates the row; the others may not have seen it.
        await profiles.write(token_claims[0])
        await asyncio.gather(*(profiles.write(one) for one in token_claims[1:]))
        assert (await users.get_user(new, user_id=new.user_id))["name"] == str(max(timestamps))


async def test_two_users_may_share_an_email_address(
    users: Users, profiles: Profiles, ada: Caller, bob: Caller
) -> None:
    for caller in (ada, bob):
        await profiles.write(claims(caller, email="shared@example.com"))
        assert (await users.get_user(caller, user_id=caller.user_id))["email"] == "shared@example.com"


async def test_concurrent_first_tokens_create_one_user(users: Users, profiles: Profiles, ada: Caller) -> None:
    new = Caller(f"{ada.user_id}-2")
    await asyncio.gather(*(profiles.write(claims(new, name="Ada")) for _ in range(20)))
    assert (await users.get_user(new, user_id=new.user_id))["name"] == "Ada"


async def test_erasure_deletes_all_data_of_only_that_user(
    users: Users, profiles: Profiles, database: Database, ada: Caller, bob: Caller
) -> None:
    for caller in (ada, bob):
        body = CategoryCreate(name="Work")
        made = await Categories(database).create_category(caller, user_id=caller.user_id, body=body)
        todo = TaskCreate(title="x", category_id=made.body["id"])
        await Tasks(database).create_task(caller, user_id=caller.user_id, body=todo)
    response = await users.delete_user(ada, user_id=ada.user_id)
    assert response["message"] == "User deleted successfully"
    for table in (task, category):
        count = Statement(select(func.count().label("n")).select_from(table).where(owned(table)))
        left = [(await database.one(count, user_id=caller.user_id) or {})["n"] for caller in (ada, bob)]
        assert left == [0, 1]
    with pytest.raises(UserNotFound):
        await users.get_user(ada, user_id=ada.user_id)
    with pytest.raises(UserNotFound):
        await users.delete_user(ada, user_id=ada.user_id)


async def test_an_erased_user_returns_only_with_a_newer_token(
    users: Users, profiles: Profiles, ada: Caller
) -> None:
    before = datetime.now(UTC) - timedelta(seconds=1)
    await users.delete_user(ada, user_id=ada.user_id)
    for issued_at in (None, before):
        await profiles.write(claims(ada, issued_at=issued_at))
        with pytest.raises(UserNotFound):
            await users.get_user(ada, user_id=ada.user_id)
    after = datetime.now(UTC) + timedelta(seconds=1)
    await profiles.write(claims(ada, issued_at=after, name="Ada"))
    assert (await users.get_user(ada, user_id=ada.user_id))["name"] == "Ada"
    # The second erasure has the same effect as the first.
    await users.delete_user(ada, user_id=ada.user_id)
    await profiles.write(claims(ada, issued_at=before))
    with pytest.raises(UserNotFound):
        await users.get_user(ada, user_id=ada.user_id)


async def test_an_erasure_wins_over_a_concurrent_older_token(
    users: Users, profiles: Profiles, database: Database, ada: Caller
) -> None:
    old = claims(ada, issued_at=datetime.now(UTC) - timedelta(minutes=1), name="Ada")
    await database.revision()
    connection = await database._pool.acquire()
    async with connection.transaction():
        # The statements of delete_user, uncommitted while the other statement runs.
        await connection.execute('DELETE FROM tasks_api."user" WHERE id = $1', ada.user_id)
        await connection.execute("INSERT INTO tasks_api.erased_user (id) VALUES ($1)", ada.user_id)
        waiting = asyncio.create_task(profiles.write(old))
        blocked = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
        while not await connection.fetchval(blocked):
            pass
    await waiting
    database._pool.release(connection)
    with pytest.raises(UserNotFound):
        await users.get_user(ada, user_id=ada.user_id)
