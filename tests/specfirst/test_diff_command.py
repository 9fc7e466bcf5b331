"""`specfirst diff` and `scripts/diff`: sources, formats, settings, deprecation and exit statuses."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from specfirst.cli.diff import as_changelog
from specfirst.diff import Change, Level, diff

from scripts.diff import main
from tests.specfirst.command import Done, specfirst
from tests.specfirst.notes import NOTES, edited, parsed

ROOT = Path(__file__).parents[2]

SHORTER = [{"old": "maxLength: 100", "new": "maxLength: 99"}]
RENAMED = [{"old": "summary: List", "new": "summary: Notes"}]


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with two revisions: without the contract, and with it (tagged v1)."""
    # The developer's own configuration, hooks and signing must not matter.
    identity = ("-c", "user.name=x", "-c", "user.email=x@example.com", "-c", "commit.gpgsign=false")
    git = ("git", "-C", str(tmp_path), *identity, "-c", "core.hooksPath=/dev/null")
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "notes.yaml").write_text(NOTES)
    for command in (
        ("init", "--quiet"),
        ("commit", "--quiet", "--allow-empty", "-m", "Nothing"),
        ("tag", "v0"),
        ("add", "."),
        ("commit", "--quiet", "-m", "Notes"),
        ("tag", "v1"),
    ):
        subprocess.run([*git, *command], check=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "api" / "notes.yaml"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with old.yaml."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old.yaml").write_text(NOTES)
    return tmp_path


def compared(*arguments: str, new: list[dict[str, str]]) -> Done:
    Path("new.yaml").write_text(edited(new))
    return specfirst("diff", "old.yaml", "new.yaml", *arguments)


def line_of(text: str, edits: list[dict[str, str]]) -> int:
    content = edited(edits)
    return 1 + content[: content.index(text)].count("\n")


def test_text_lists_each_change_with_its_line_and_what_to_do(folder: Path) -> None:
    edits = [*SHORTER, *RENAMED]
    done = compared(new=edits)
    assert (done.returncode, done.stderr) == (1, "")
    at = line_of("maxLength: 99", edits)
    assert done.stdout.startswith(
        f"new.yaml:{at}:7: error[request-max-length-narrowed] POST /notes request body: property text "
        "(and 1 more place): maxLength: 100 → 99; values that were accepted are refused\n"
        f"    |\n{at} |       maxLength: 99\n    |       ^^^^^^^^^\n"
        "    = at #/components/schemas/Text/maxLength\n\n"
    )
    assert done.stdout.endswith(
        "new.yaml:2:22: error[version-not-raised] info.version is still 1.4.2\n"
        "  |\n2 | info: {title: Notes, version: 1.4.2}\n  |                      ^^^^^^^\n"
        "  = at #/info/version\n"
        "  = help: increase it to 2.0.0, or undo the breaking changes\n\n"
        "new.yaml against old.yaml: 1 breaking, 1 compatible, 1 documentation\n"
        "info.version: 1.4.2\n"
        "Found 4 problems: 2 errors, 2 info\n"
    )


def test_a_new_major_version_allows_breaking_changes(folder: Path) -> None:
    done = compared(new=[*SHORTER, {"old": "1.4.2", "new": "2.0.0"}])
    assert done.returncode == 0
    assert "info[request-max-length-narrowed]" in done.stdout
    assert "info.version: 1.4.2 → 2.0.0\n" in done.stdout
    down = compared(new=[{"old": "1.4.2", "new": "1.4.1"}])
    assert down.returncode == 1
    assert "error[version-decreased] info.version went down, from 1.4.2 to 1.4.1\n" in down.stdout


@pytest.mark.parametrize(
    ("edits", "fail_on", "status"),
    [
        (SHORTER, "error", 1),
        (SHORTER, "never", 0),
        (RENAMED, "error", 0),
        (RENAMED, "warning", 0),
        (RENAMED, "info", 1),
        ([{"old": "summary: Shape", "new": "deprecated: true"}], "error", 0),
        ([{"old": "summary: Shape", "new": "deprecated: true"}], "warning", 1),
        ([], "info", 0),
    ],
)
def test_fail_on_decides_the_exit_status(
    edits: list[dict[str, str]], fail_on: str, status: int, folder: Path
) -> None:
    assert compared("--fail-on", fail_on, new=edits).returncode == status


def test_level_limits_what_is_listed(folder: Path) -> None:
    done = compared("--level", "breaking", new=[*SHORTER, *RENAMED])
    assert done.stdout.count("[request-max-length-narrowed]") == 1
    assert "info[" not in done.stdout
    assert "1 breaking, 1 compatible, 1 documentation" in done.stdout


def test_json_has_the_values_before_and_after(folder: Path) -> None:
    done = compared("--format", "json", new=SHORTER)
    report = json.loads(done.stdout)
    assert report["versions"] == {"old": "1.4.2", "new": "1.4.2"}
    assert report["summary"] == {"error": 2, "warning": 0, "info": 1}
    problem = report["problems"][0]
    assert problem == {
        "rule": "request-max-length-narrowed",
        "severity": "error",
        "message": problem["message"],
        "remedy": "",
        "file": "new.yaml",
        "line": line_of("maxLength: 99", SHORTER),
        "column": 7,
        "pointer": "#/components/schemas/Text/maxLength",
        "level": "breaking",
        "places": [
            "POST /notes request body: property text",
            "PUT /notes/{note_id} request body: property text",
        ],
        "what": "maxLength",
        "reason": "values that were accepted are refused",
        "old": 100,
        "new": 99,
    }  # fmt: skip


def test_the_other_formats_report_the_same_changes(folder: Path) -> None:
    github = compared("--format", "github", new=SHORTER).stdout.splitlines()
    at = line_of("maxLength: 99", SHORTER)
    assert github[0].startswith(f"::error file=new.yaml,line={at},col=7,title=specfirst diff%3A request-max")
    assert github[1].startswith("::notice file=new.yaml")
    sarif = json.loads(compared("--format", "sarif", new=SHORTER).stdout)["runs"][0]
    assert [result["level"] for result in sarif["results"]] == ["error", "note", "error"]
    summaries = {rule["id"]: rule["shortDescription"]["text"] for rule in sarif["tool"]["driver"]["rules"]}
    assert summaries["version-not-raised"] == "Changes are breaking, but the major version is the same"
    junit = ElementTree.fromstring(compared("--format", "junit", new=SHORTER).stdout)  # noqa: S314  # Our own.
    assert junit.get("failures") == "3"


def test_the_changelog_lists_what_clients_notice(folder: Path) -> None:
    edits = [
        *SHORTER,
        *RENAMED,
        {
            "old": "  /shapes:",
            "new": "  /more:\n    get: {responses: {default: {description: x}}}\n  /shapes:",
        },
        {"old": "summary: Shape", "new": "deprecated: true\n      x-sunset: '2999-01-01'"},
        {"old": "1.4.2", "new": "2.0.0"},
    ]
    done = compared("--format", "changelog", new=edits)
    assert done.returncode == 0
    assert done.stdout == (
        "## 2.0.0\n\n"
        "### Breaking changes\n\n"
        "- **POST /notes request body: property text (and 1 more place)**: maxLength: 100 → 99; "
        "values that were accepted are refused\n\n"
        "### Deprecated\n\n"
        '- **PUT /shapes**: x-sunset: none → "2999-01-01"; clients must stop using it before 2999-01-01\n\n'
        "### Added\n\n"
        "- **GET /more**: the operation is added; clients need not call it\n\n"
        "### Changed\n\n"
        "- **GET /notes response 200 body: property items\\[\\].text (and 2 more places)**: "
        "maxLength: 100 → 99; clients receive no value that could not come before\n"
    )
    assert (
        compared("--format", "changelog", new=[]).stdout == "## Unreleased\n\nNothing changes for clients.\n"
    )


def test_the_changelog_shows_names_as_they_are() -> None:
    change = Change("operation-added", Level.COMPATIBLE, (), ("GET /a_b/<x>",), "a | b\n*c*", "`d`")
    assert as_changelog(["1.0.0", "1.1.0"], [change]) == (
        "## 1.1.0\n\n### Added\n\n- **GET /a\\_b/\\<x\\>**: a \\| b \\*c\\*; \\`d\\`\n"
    )


# Deprecation.


def deprecated(sunset: str | None) -> str:
    return "deprecated: true" + (f"\n      x-sunset: {sunset}" if sunset else "")


SHAPE = NOTES[NOTES.index("  /shapes:") : NOTES.index("  /settings:")]
TODAY = date(2026, 6, 15)


@pytest.mark.parametrize(
    ("sunset", "breaking", "reason"),
    [
        (None, True, "clients that call it fail, and it was deprecated without a sunset date"),
        ("'2026-06-16'", True, "clients that call it fail, and its sunset date is 2026-06-16"),
        ("2026-06-15", False, "it was deprecated, and its sunset date was 2026-06-15"),
        ("'2026-06-14T23:59:59Z'", False, "it was deprecated, and its sunset date was 2026-06-14"),
        ("soon", True, "clients that call it fail, and it was deprecated without a sunset date"),
        ("20260101", True, "clients that call it fail, and it was deprecated without a sunset date"),
    ],
)
def test_an_operation_may_be_removed_from_its_sunset_date_on(
    sunset: str | None, breaking: bool, reason: str
) -> None:
    old = parsed(NOTES.replace("summary: Shape", deprecated(sunset)))
    new = parsed(NOTES.replace(SHAPE, ""))
    (change,) = diff(old, new, today=TODAY)
    assert (change.rule, change.reason) == ("operation-removed", reason)
    assert (change.level is Level.BREAKING) == breaking


def test_schemas_may_go_with_the_last_operation_that_used_them() -> None:
    old = NOTES.replace("summary: Shape", deprecated("2026-01-01"))
    schemas = NOTES[NOTES.index("    Shape:\n") :]
    new = NOTES.replace(SHAPE, "").replace(schemas, "")
    found = {change.places[0]: change.level for change in diff(parsed(old), parsed(new), today=TODAY)}
    assert found == {"PUT /shapes": Level.COMPATIBLE, "component schema Shape": Level.COMPATIBLE}
    used = old.replace("{$ref: '#/components/schemas/Settings'}", "{$ref: '#/components/schemas/Shape'}")
    settings = new.replace("{$ref: '#/components/schemas/Settings'}", "{type: object}")
    found = {change.places[0]: change.level for change in diff(parsed(used), parsed(settings), today=TODAY)}
    assert found["component schema Shape"] is Level.BREAKING


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("        - {name: X-Page, in: header, {}schema: {type: integer, minimum: 1, maximum: 9}}\n", "",
         "GET /notes header parameter X-Page"),
        ("        rank: {{}type: number, maximum: 5}\n", "",
         "GET /notes/{note_id} response 200 body: property rank"),
        ("            X-Hint: {{}schema: {type: string}}\n", "", "GET /notes response 200 header x-hint"),
    ],
)  # fmt: skip
def test_parameters_properties_and_headers_may_be_removed_too(old: str, new: str, place: str) -> None:
    before = old.replace("{}", "")
    assert before in NOTES
    for sunset, level in (("2026-01-01", Level.COMPATIBLE), ("2027-01-01", Level.BREAKING)):
        marked = old.replace("{}", f"deprecated: true, x-sunset: {sunset}, ")
        changes = diff(parsed(NOTES.replace(before, marked)), parsed(NOTES.replace(before, new)), today=TODAY)
        assert {change.level for change in changes} == {level}
        assert place in {each for change in changes for each in change.places}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("summary: Shape", deprecated(None), [("deprecated-without-sunset", Level.WARNING)]),
        ("summary: Shape", deprecated("2026-12-31"), [("deprecated", Level.COMPATIBLE)]),
        ("summary: Shape", deprecated("2026-07-01"), [("sunset-too-soon", Level.BREAKING)]),
        ("summary: Shape", deprecated("never"), [("sunset-invalid", Level.WARNING)]),
        ("summary: Shape", deprecated("12"), [("sunset-invalid", Level.WARNING)]),
        (deprecated(None), deprecated("2026-12-31"), [("deprecated", Level.COMPATIBLE)]),
        (deprecated("2026-12-31"), deprecated("2027-12-31"), [("sunset-later", Level.COMPATIBLE)]),
        (deprecated("2026-12-31"), deprecated("2026-12-30"), [("sunset-earlier", Level.BREAKING)]),
        (deprecated("2026-12-31"), deprecated("2026-06-30"), [("sunset-too-soon", Level.BREAKING)]),
        (deprecated("2026-12-31"), deprecated(None), [("deprecated-without-sunset", Level.WARNING)]),
        (deprecated("2026-12-31"), "summary: Shape", [("reactivated", Level.COMPATIBLE)]),
        (deprecated(None), deprecated(None), []),
    ],
)
def test_deprecation_needs_a_date_that_leaves_time(old: str, new: str, expected: Any) -> None:
    documents = [parsed(NOTES.replace("summary: Shape", text)) for text in (old, new)]
    found = [(change.rule, change.level) for change in diff(*documents, today=TODAY, grace_days=30)]
    assert [each for each in found if each[0] != "documentation"] == expected


def test_the_grace_period_is_an_option(folder: Path) -> None:
    edits = [{"old": "summary: Shape", "new": deprecated("'2999-01-01'")}]
    assert compared("--grace-days", "180", new=edits).returncode == 0
    assert compared("--grace-days", "999999", new=edits).returncode == 1
    assert "x is not a number" not in compared("--grace-days", "x", new=edits).stdout


# The settings.


def configured(folder: Path, text: str, *, new: list[dict[str, str]]) -> Done:
    (folder / "pyproject.toml").write_text(text)
    return compared(new=new)


IGNORE = """\
[tool.specfirst.diff]
level = "breaking"

[[tool.specfirst.diff.ignore]]
rule = "request-max-length-narrowed"
where = "* request body: property text"
reason = "No client has ever sent so much."
until = 2999-12-31
"""


def test_ignored_changes_do_not_fail_and_are_counted(folder: Path) -> None:
    done = configured(folder, IGNORE, new=SHORTER)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        "new.yaml against old.yaml: 0 breaking, 1 compatible, 0 documentation\n"
        "ignored: 1 change\n"
        "info.version: 1.4.2\n"
        "No problems found\n"
    )


@pytest.mark.parametrize(
    "entry",
    [
        'where = "POST /notes*"',
        'rule = "request-min-length-narrowed"',
        'pointer = "#/components/schemas/Note/*"',
        'rule = "request-max-length-narrowed"\nwhere = "GET *"',
    ],
)
def test_an_entry_must_match_all_places_and_is_reported_if_unused(entry: str, folder: Path) -> None:
    text = f'[[tool.specfirst.diff.ignore]]\n{entry}\nreason = "x"\nuntil = 2999-12-31\n'
    done = configured(folder, text, new=SHORTER)
    assert done.returncode == 1
    assert "error[request-max-length-narrowed]" in done.stdout
    assert "pyproject.toml:1: warning[ignore-unused] the entry for " in done.stdout


@pytest.mark.parametrize(
    ("entry", "rules", "remedy"),
    [
        ('rule = "request-max-length-narrowed"', "request-max-length-narrowed = 'off'", "the severity off"),
        ('rule = "request-max-length-narrowed"', "request-max-length-narrowed = 'info'", "the severity info"),
        ('where = "POST /notes request*"', "", "it matches some places of a change; match all of them"),
        ('where = "* property text"\npointer = "#/paths/*"', "", "remove it, or correct it"),
    ],
)
def test_an_unused_entry_is_reported_with_its_reason(
    entry: str, rules: str, remedy: str, folder: Path
) -> None:
    text = (
        f"[tool.specfirst.diff.rules]\n{rules}\n"
        f"[[tool.specfirst.diff.ignore]]\n{entry}\nreason = 'x'\nuntil = 2999-12-31\n"
    )
    done = configured(folder, text, new=SHORTER)
    assert "warning[ignore-unused]" in done.stdout
    assert remedy in done.stdout


@pytest.mark.parametrize(
    "entries",
    [
        ["pointer = '#/components/schemas/*/maxLength'"],
        ["where = '* request body: *'"],
        ["where = '*'", "rule = 'request-max-length-narrowed'"],
    ],
)
def test_entries_with_wildcards_or_for_one_change_are_used(entries: list[str], folder: Path) -> None:
    tables = (
        f"[[tool.specfirst.diff.ignore]]\n{entry}\nreason = 'x'\nuntil = 2999-12-31\n" for entry in entries
    )
    done = configured(folder, "".join(tables), new=SHORTER)
    assert (done.returncode, done.stderr) == (0, "")
    assert "ignored: 1 change\n" in done.stdout
    assert "ignore-unused" not in done.stdout


@pytest.mark.parametrize(("until", "rule"), [("2999-12-31", "unused"), ("2001-12-31", "expired")])
def test_the_rules_of_the_ignore_list_can_be_off(until: str, rule: str, folder: Path) -> None:
    text = (
        "[tool.specfirst.diff.rules]\nignore-{} = '{}'\n"
        f"[[tool.specfirst.diff.ignore]]\nwhere = 'GET /x'\nreason = 'x'\nuntil = {until}\n"
    )
    for severity, status in (("off", 0), ("info", 0), ("warning", 0), ("error", 1)):
        done = configured(folder, text.format(rule, severity), new=[])
        assert done.returncode == status
        assert (f"{severity}[ignore-{rule}]" in done.stdout) == (severity != "off")


def test_the_rule_of_the_version_can_be_off(folder: Path) -> None:
    """The breaking changes are errors still."""
    text = "[tool.specfirst.diff.rules]\nversion-not-raised = 'off'\n"
    done = configured(folder, text, new=SHORTER)
    assert done.returncode == 1
    assert "error[request-max-length-narrowed]" in done.stdout
    assert "version-not-raised" not in done.stdout


def test_an_expired_entry_is_reported_and_ignores_nothing(folder: Path) -> None:
    done = configured(folder, IGNORE.replace("2999", "2001"), new=SHORTER)
    assert done.returncode == 1
    assert "error[request-max-length-narrowed]" in done.stdout
    assert "pyproject.toml:4: warning[ignore-expired] the entry for rule 'request-max-length-narrowed', " in (
        done.stdout
    )
    assert "expired on 2001-12-31 (its reason: No client has ever sent so much.)" in done.stdout


def test_rules_have_other_severities_by_the_settings(folder: Path) -> None:
    rules = '[tool.specfirst.diff.rules]\nrequest-max-length-narrowed = "{}"\n'
    for severity, status in (("error", 1), ("warning", 0), ("info", 0), ("off", 0)):
        done = configured(folder, rules.format(severity), new=SHORTER)
        assert done.returncode == status
        assert (f"{severity}[request-max-length-narrowed]" in done.stdout) == (severity != "off")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fail_on = 'error'", "unknown setting diff.fail_on; did you mean diff.fail-on?"),
        ("fail-on = 'bad'", 'the setting diff.fail-on is invalid: "bad" is not one of'),
        ("format = 'xml'", 'the setting diff.format is invalid: "xml" is not one of'),
        ("grace-days = -1", "the setting diff.grace-days is invalid: -1 is less than the minimum of 0"),
        ("rules = {operation-removed = 'bad'}", "the setting diff.rules.operation-removed is invalid"),
        (
            "rules = {operation-remove = 'off'}",
            "unknown rule operation-remove; did you mean opera",
        ),
        ("rules = []", "the setting diff.rules is invalid"),
        ("ignore = {}", "the setting diff.ignore is invalid"),
        ("ignore = [1]", "the setting diff.ignore.0 is invalid"),
        ("ignore = [{reason = 'x', until = 2999-01-01}]", "diff.ignore.0 would ignore everything; add rule"),
        ("ignore = [{rule = 'server-added', until = 2999-01-01}]", "the setting diff.ignore.0 is invalid"),
        (
            "ignore = [{where = 'x', reason = '', until = 2999-01-01}]",
            "diff.ignore.0.reason is invalid",
        ),
        (
            "ignore = [{where = 'x', reason = 'x'}]",
            'diff.ignore.0 is invalid: "until" is a required',
        ),
        (
            "ignore = [{where = 'x', reason = 'x', until = 'x'}]",
            "diff.ignore.0.until is not a date; write",
        ),
        ("ignore = [{rule = 'x', reason = 'x', until = 2999-01-01}]", "diff.ignore.0.rule: unknown rule x; "),
        ("ignore = [{wher = 'x', reason = 'x', until = 2999-01-01}]", "the setting diff.ignore.0 is invalid"),
    ],
)
def test_a_wrong_setting_is_named(text: str, message: str, folder: Path) -> None:
    done = configured(folder, f"[tool.specfirst.diff]\n{text}\n", new=[])
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.count("\n") == 1


# Sources.


def test_revisions_and_files_can_be_compared(repository: Path) -> None:
    repository.write_text(edited(SHORTER))
    for old, new in (
        ("git:v1", "api/notes.yaml"),
        ("git:v1:api/notes.yaml", "api/notes.yaml"),
        ("git:v1:./api/notes.yaml", str(repository)),
    ):
        done = specfirst("diff", old, new)
        assert (done.returncode, done.stderr) == (1, ""), old
        assert f"{new} against {old}: 1 breaking, 1 compatible, 0 documentation\n" in done.stdout
    back = specfirst("diff", "api/notes.yaml", "git:v1:api/notes.yaml")
    assert "v1:api/notes.yaml:144:7: error[response-max-length-widened] " in back.stdout


@pytest.mark.parametrize(
    ("old", "text", "message"),
    [
        ("git:v9", None, "v9:api/notes.yaml: 'v9' is not a revision in git; use a branch"),
        ("git:v0", None, "v0:api/notes.yaml: api/notes.yaml does not exist in v0; use another revision"),
        ("git:", None, "'' is not a revision in git"),
        ("none.yaml", None, "none.yaml: the file cannot be read: No such file or directory; use a file that"),
        ("api", None, "api: the file cannot be read: Is a directory"),
        ("http://127.0.0.1:1/a.yaml", None, "the URL cannot be read: [Errno 111] Connection refused; check"),
        ("git:v1", "openapi: [", "api/notes.yaml:1:11: invalid YAML: "),
        ("git:v1", "info: {title: Notes, version: 1.4.2}", "api/notes.yaml:1: the document is not OpenAPI"),
        ("git:v1", "- openapi", "api/notes.yaml:1: the document is not OpenAPI"),
        ("git:v1", "swagger: '2.0'", "api/notes.yaml: the document is Swagger 2.0; convert it"),
        (
            "git:v1",
            NOTES.replace("schemas/Text", "schemas/Test"),
            "unresolved reference #/components/s",
        ),
        ("git:v1", NOTES.replace("paths:", "pathes:"), "api/notes.yaml:"),
    ],
)
def test_what_cannot_be_compared_is_one_line_and_status_2(
    old: str, text: str | None, message: str, repository: Path
) -> None:
    if text is not None:
        repository.write_text(text)
    done = specfirst("diff", old, "api/notes.yaml")
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert done.stderr.startswith("specfirst diff: ")
    assert done.stderr.count("\n") == 1


def test_outside_of_a_repository_git_says_so(folder: Path) -> None:
    done = specfirst("diff", "git:v1", "old.yaml")
    assert done.returncode == 2
    assert "not a git repository" in done.stderr


def test_parts_in_other_files_are_compared_and_named(folder: Path) -> None:
    text = NOTES[: NOTES.index("    Text:\n")] + "    Text: {$ref: text.yaml}\n"
    rest = NOTES[NOTES.index("    Moment:\n") :]
    (folder / "new.yaml").write_text(text + rest)
    (folder / "text.yaml").write_text(
        "type: string\ndescription: A text.\nminLength: 1\nmaxLength: 99\npattern: '^[a-z]*$'\n"
    )
    done = specfirst("diff", "old.yaml", "new.yaml")
    assert done.stdout.startswith("text.yaml:4:1: error[request-max-length-narrowed] POST /notes")
    assert "4 | maxLength: 99\n" in done.stdout
    assert "1 breaking, 1 compatible, 0 documentation" in done.stdout


# The script of this service.


def script(*arguments: str | Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> Done:
    monkeypatch.setattr(sys, "argv", ["scripts/diff", *map(str, arguments)])
    with pytest.raises(SystemExit) as end:
        main()
    captured = capsys.readouterr()
    return Done(int(end.value.code or 0), captured.out, captured.err)


def test_the_script_compares_with_a_revision_or_a_file(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    def run(*arguments: str | Path) -> Done:
        return script(*arguments, monkeypatch=monkeypatch, capsys=capsys)

    assert run("v1", "--contract", repository).returncode == 0
    (repository.parent / "old.yaml").write_text(NOTES)
    repository.write_text(edited(SHORTER))
    done = run("v1", "--contract", repository)
    assert done.returncode == 1
    assert f"{repository} against git:v1: 1 breaking, 1 compatible, 0 documentation\n" in done.stdout
    report = json.loads(run(repository.parent / "old.yaml", "--contract", repository, "--json").stdout)
    assert "version-not-raised" in [problem["rule"] for problem in report["problems"]]
    assert run("v1", "--contract", repository, "--format", "changelog").stdout.startswith("## Unreleased\n")
    done = run("v9", "--contract", repository)
    assert (done.returncode, done.stdout) == (2, "")
    assert "'v9' is not a revision in git" in done.stderr


def test_the_script_can_be_started_from_anywhere(tmp_path: Path) -> None:
    contract = ROOT / "openapi.yaml"
    done = subprocess.run(
        [ROOT / "scripts" / "diff", contract], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    # An ignored change that a later base contains is reported as unused first.
    summary = f"{contract} against {contract}: 0 breaking, 0 compatible, 0 documentation\n"
    assert summary in done.stdout
