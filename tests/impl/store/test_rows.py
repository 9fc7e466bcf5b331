"""The columns of a table are compared with the properties of the response that returns its rows."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal, NotRequired, TypedDict

import pytest
from specfirst.serving.startup import StartupError
from sqlalchemy import JSON, BigInteger, MetaData, Text
from sqlmodel import Field, SQLModel

from generated import plain
from impl.store.rows import properties
from impl.tables import Category, Task, User


class Speed(StrEnum):
    SLOW = "slow"


class Parcel(SQLModel, table=True):
    metadata = MetaData()

    id: int = Field(primary_key=True)
    size: str
    speed: Speed = Field(sa_type=Text)
    address: dict[str, str] = Field(sa_type=JSON)
    labels: list[str] = Field(sa_type=JSON)
    weight: int | None = None
    sent_at: datetime | None = None
    revision: int = Field(default=0, sa_type=BigInteger)


class Address(TypedDict):
    city: str


class ParcelResponse(TypedDict):
    id: float
    size: Literal["small", "large"]
    speed: Literal["slow"]
    address: Address
    labels: list[str]
    weight: int | str | None
    etag: str
    price: NotRequired[int]


class Priced(TypedDict):
    id: int
    price: int


class Weighed(TypedDict):
    id: str
    weight: int


def test_the_properties_of_a_row_are_the_columns_that_the_response_has() -> None:
    assert properties(Parcel, ParcelResponse) == {*ParcelResponse.__annotations__} - {"price"}
    assert properties(User, plain.UserResponse) == {*User.model_fields} - {"described_at"}
    for table, row in ((Task, plain.TaskResponse), (Category, plain.CategoryResponse)):
        assert properties(table, row) == {*row.__annotations__}


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (Priced, "it has no column price, which Priced requires"),
        (
            Weighed,
            "its column id may be int, which Weighed does not allow; "
            "its column weight may be null, which Weighed does not allow",
        ),
    ],
)
def test_a_table_that_does_not_fit_its_response_stops_the_start(row: type, problem: str) -> None:
    with pytest.raises(StartupError) as caught:
        properties(Parcel, row)
    assert str(caught.value) == (
        f"impl/tables.py: Parcel does not fit openapi.yaml: {problem}. "
        "Change Parcel, and write the migration with scripts/migration, or change the contract"
    )
