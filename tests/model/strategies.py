"""Strategies for requests: valid bodies, and invalid bodies and queries."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

# All Unicode characters except NUL and lone surrogates, which the contract excludes.
characters = st.characters(exclude_characters="\0", exclude_categories=["Cs"])

# Texts that SQL, JSON or normalization could mishandle.
awkward_texts = st.sampled_from(
    [
        " ",
        " x ",
        "'; --",
        "100%_\\",
        '"\\u0000"',
        "null",
        "\ufeff",
        "\uffff",
        "e\u0301",
        "\U0001f469\u200d\U0001f680",
        "\x01\x7f",
    ]
)


def boundary_texts(shortest: int, longest: int) -> st.SearchStrategy[str]:
    """Return a strategy for texts with the minimum and the maximum length of the contract.

    The long texts repeat a few characters, so that Hypothesis has little to draw and to shrink.
    """
    chunks = st.text(characters, min_size=1, max_size=4)
    lengths = st.sampled_from([shortest, longest - 1, longest])
    return st.tuples(chunks, lengths).map(lambda drawn: (drawn[0] * drawn[1])[: drawn[1]])


def texts(shortest: int, longest: int) -> st.SearchStrategy[str]:
    usual = st.text(characters, min_size=max(shortest, 1), max_size=12)
    return usual | awkward_texts | boundary_texts(shortest, longest)


def _due_date(timestamp: datetime, digits: int, sign: str, hours: int, minutes: int) -> str:
    fraction = f".{timestamp.microsecond:06}"[: digits + 1] if digits else ""
    offset = "Z" if sign == "Z" else f"{sign}{hours:02}:{minutes:02}"
    return f"{timestamp:%Y-%m-%dT%H:%M:%S}{fraction}{offset}"


due_dates = st.one_of(
    st.builds(
        _due_date,
        st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2999, 12, 31, 23, 59, 59, 999999)),
        digits=st.integers(0, 6),
        sign=st.sampled_from("Z+-"),
        hours=st.integers(0, 14),
        minutes=st.integers(0, 59),
    ),
    st.sampled_from(
        ["1900-01-01T00:00:00+14:59", "2999-12-31T23:59:59.999999-14:59", "2024-02-29T12:00:00-00:00"]
    ),
)

completed = st.booleans()
priorities = st.sampled_from(["low", "medium", "high"])

# All properties of a task except `category_id`, which the rules add, because only they know the categories.
titles = texts(1, 255)
optional: dict[str, st.SearchStrategy[Any]] = {
    "description": st.none() | texts(0, 2000),
    "completed": completed,
    "priority": priorities,
    "due_date": st.none() | due_dates,
}
whole_tasks = st.fixed_dictionaries({"title": titles}, optional=optional)
task_changes = st.fixed_dictionaries({}, optional={"title": titles, **optional})

# Few names, so that duplicates occur; names that differ in case, spaces or normal form are different names.
names = st.sampled_from(["Work", "work", "Work ", "\u00e9", "e\u0301"]) | texts(1, 100)
colors = st.from_regex(r"\A#[0-9A-Fa-f]{6}\Z")
whole_categories = st.fixed_dictionaries({"name": names}, optional={"color": colors})
category_changes = st.fixed_dictionaries({}, optional={"name": names, "color": colors})

TOO_LARGE_ID = 2**53

invalid_task_members = st.sampled_from(
    [
        *[("title", value) for value in (None, "", "x" * 256, "a\0b", 5, ["x"])],
        *[("description", value) for value in ("x" * 2001, "\0", 7, {})],
        *[("completed", value) for value in (None, "true", 0, 1)],
        *[("priority", value) for value in (None, "urgent", "HIGH", "", 1)],
        *[("due_date", value) for value in ("", "2026-02-01", "2026-02-01T17:00:00", 1700000000, True)],
        *[("due_date", f"{value}Z") for value in ("2026-02-30T00:00:00", "1899-12-30T23:59:59")],
        *[("due_date", f"{value}Z") for value in ("3000-01-02T00:00:00", "2026-01-01T24:00:00")],
        *[("due_date", f"2026-01-01T00:00:00{value}") for value in ("+15:00", "+0100", "z", ".1234567Z")],
        *[("category_id", value) for value in (0, -1, TOO_LARGE_ID, 10**30, "1", 1.5, True, [])],
        *[(name, 1) for name in ("id", "user_id", "titel", "Title", "")],
        *[(name, "2026-01-01T00:00:00Z") for name in ("created_at", "updated_at")],
    ]
)
invalid_category_members = st.sampled_from(
    [
        *[("name", value) for value in (None, "", "x" * 101, "\0", 5)],
        *[("color", value) for value in (None, "", "red", "#FFF", "#GGGGGG", "#3B82F6\n", " #3B82F6", 0)],
        *[(name, 1) for name in ("id", "user_id", "created_at", "colour")],
    ]
)

# Bodies that are not JSON objects, or not sent as JSON: content, media type, status.
unreadable_bodies = st.sampled_from(
    [
        *[
            (content, "application/json", 400)
            for content in (b"", b"{", b"\xff", b"{'title': 1}", b'\xef\xbb\xbf{"title": "x"}')
        ],
        (b'{"title": "a", "title": "b"}', "application/json", 400),
        (b'{"title": "\\ud800"}', "application/json", 400),
        (b'{"title": "\xed\xa0\x80"}', "application/json", 400),
        (b'{"title": NaN}', "application/json", 400),
        *[
            (content, "application/json", 422)
            for content in (b"[]", b"null", b'"title"', b"0", b"true", b"[" * 5000)
        ],
        *[
            (json.dumps({"title": "x", "name": "x"}).encode(), media_type, 415)
            for media_type in ("text/plain", "application/xml", "application/json; charset=latin-1")
        ],
        (b'{"title": "x", "name": "x"}' + b" " * 65536, "application/json", 413),
    ]
)

invalid_page_queries = st.sampled_from(
    [
        *[f"limit={value}" for value in ("0", "-1", "1001", "", "ten", "1.0", "01", "%2B1", "1&limit=1")],
        *[f"offset={value}" for value in ("-1", "", str(TOO_LARGE_ID), "0&offset=0")],
        *[f"cursor={value}" for value in ("", "x", "0" * 27, "0" * 29, "F" * 28)],
        "page=2",
        "limit=0&limit=5",
    ]
)
invalid_task_queries = invalid_page_queries | st.sampled_from(
    [
        *[f"completed={value}" for value in ("", "yes", "1", "True", "null")],
        *[f"priority={value}" for value in ("", "urgent", "High")],
        *[f"category_id={value}" for value in ("", "0", str(TOO_LARGE_ID), "null", "x")],
        "title=x",
        "%63ompleted=maybe",
    ]
)
