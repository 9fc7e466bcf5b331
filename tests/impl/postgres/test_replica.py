"""The time of each user's last write, shared by the processes of a machine; see also test_read_replica.py."""

from __future__ import annotations

import os
import tempfile
import time
from pathlib import Path

import pytest

from impl.postgres.replica import LastWrites
from impl.settings import SettingsError
from tests.statements import statements

URL = "postgresql://ada:hunter2@host/app"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_processes_see_each_others_write_times() -> None:
    one, other = LastWrites(URL), LastWrites(URL)
    before = time.monotonic()
    assert other.last("ada") == 0
    one.note("ada")
    assert before <= other.last("ada") <= time.monotonic()
    assert (other.last("bob"), LastWrites(f"{URL}2").last("ada")) == (0, 0)


def test_write_times_from_before_the_boot_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    LastWrites(URL).note("ada")
    monkeypatch.setattr(time, "monotonic", lambda: 1e-9)
    assert LastWrites(URL).last("ada") == 0


def test_the_file_is_private_and_its_name_reveals_nothing(folder: Path) -> None:
    LastWrites(URL)
    (file,) = folder.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    other_password = LastWrites(URL.replace("hunter2", "hunter3"))
    assert list(folder.iterdir()) == [file]
    assert other_password.last("ada") == 0


def test_a_file_of_another_user_is_rejected(folder: Path) -> None:
    LastWrites(URL)
    (file,) = folder.iterdir()
    file.rename(folder / "elsewhere")
    file.symlink_to(folder / "elsewhere")
    with pytest.raises(SettingsError, match=r"^DATABASE_READ_URL needs the file "):
        LastWrites(URL)
    if os.geteuid() == 0:
        file.unlink()
        file.touch()
        os.chown(file, 65534, 65534)
        with pytest.raises(SettingsError, match="another user's"):
            LastWrites(URL)


def test_a_deleted_file_is_detected(folder: Path) -> None:
    writes = LastWrites(URL)
    (file,) = folder.iterdir()
    os.utime(file, (0, 0))
    writes.keep()
    assert file.stat().st_mtime > 0
    file.unlink()
    with pytest.raises(FileNotFoundError):
        writes.keep()
    LastWrites(URL).keep()
    with pytest.raises(FileNotFoundError):
        writes.keep()


def test_a_statement_knows_whether_it_only_reads() -> None:
    for statement in statements().values():
        changes = any(word in statement.sql for word in ("INSERT ", "UPDATE ", "DELETE "))
        assert statement.reads is not changes
