"""The table that compares `specfirst diff` with oasdiff says what both say."""

from __future__ import annotations

from tests.specfirst.oasdiff import CHECKS, REASONS, TABLE, change, reason, table, verdicts


def test_each_check_of_oasdiff_has_a_change_of_its_own() -> None:
    assert len(CHECKS) == 509
    assert [check for check in CHECKS if change(check)[0] == change(check)[1]] == []


def test_each_difference_from_oasdiff_has_a_reason() -> None:
    found = list(verdicts())
    assert [verdict for verdict in found if reason(verdict) is None] == []
    used = {reason(verdict) for verdict in found}
    assert [text for text in REASONS.values() if text not in used] == []


def test_no_check_of_oasdiff_is_overlooked() -> None:
    """What oasdiff calls an error, and we call compatible, is proven or stated in the table."""
    harmless = ("compatible", "no change")
    found = {each.check for each in verdicts() if each.oasdiff == "error" and each.level in harmless}
    assert {check.split("-", 1)[1] for check in found} == {
        "body-wrapped-in-one-of",
        *("body-prefix-items-added", "body-prefix-items-removed"),
        *("property-prefix-items-added", "property-prefix-items-removed"),
        *("body-unevaluated-properties-removed", "property-unevaluated-properties-removed"),
    }


def test_the_table_of_the_documentation_is_current() -> None:
    assert TABLE.read_text(encoding="utf-8") == table()
