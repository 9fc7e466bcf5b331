"""Errors of scripts/serve that prevent its start: one line that names the setting, and no traceback.

Most tests call its `main` in this process, which takes a tenth of the time; some run the script itself.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from unittest.mock import patch
from uuid import uuid4

import psycopg2
import pytest
from serving import CLEAN, ROOT
from sqlalchemy import make_url

from impl.postgres import migrations
from impl.postgres.migrations import migrate
from scripts.serve import main
from tests.databases import run

StartupMessage = Callable[..., str]


@pytest.fixture
def startup_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StartupMessage]:
    """A function that starts the server with these settings, and returns the error line."""
    # The script changes to the project's folder, where a developer may have an .env file.
    (tmp_path / "project").mkdir()
    monkeypatch.setattr("scripts.serve.ROOT", tmp_path / "project")
    monkeypatch.chdir(tmp_path)

    def start(*arguments: str, **settings: str) -> str:
        command = ["scripts/serve", "--port", "0", "--data", str(tmp_path / "data"), *arguments]
        monkeypatch.setattr(sys, "argv", command)
        with patch.dict(os.environ, CLEAN | settings, clear=True), pytest.raises(SystemExit) as ended:
            main()
        message = str(ended.value.code)
        assert message.startswith("scripts/serve: ")
        assert len(message.splitlines()) == 1
        return message.removeprefix("scripts/serve: ")

    return start


def test_the_script_prints_one_line_on_standard_error(tmp_path: Path, postgres_url: str) -> None:
    """The errors come from different parts; all of them were tracebacks once."""
    name = new_name("latin")
    run_alone(
        postgres_url,
        f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0",
    )
    latin = at(postgres_url, database=name)
    for setting, env in {
        "DATABASE_URL": {"DATABASE_URL": latin},
        "ALL_PROXY": {
            "DATABASE_URL": postgres_url,
            "BETTER_AUTH_URL": "http://a",
            "ALL_PROXY": "socks5://a:1",
        },
    }.items():
        done = subprocess.run(
            [ROOT / "scripts" / "serve", "--port", "0", "--data", str(tmp_path)],
            env=CLEAN | env,
            capture_output=True,
            text=True,
        )
        assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
        assert done.stderr.startswith(f"scripts/serve: {setting} ")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("postgresql://app:hunter2@127.0.0.1:1/app", "Connection refused"),
        ("postgresql://app:hunter2@127.0.0.1:0/app", "port"),
        ("postgresql://app:hunter2@127.0.0.1:99999/app", "port"),
        ("postgresql://app:hunter2@127.0.0.1:text/app", "port"),
        ("postgresql://app:hunter2@does-not-exist.invalid/app", "does-not-exist.invalid"),
        ("postgresql://app:hunter2@127.0.0.1/app?sslaccept=strict", "sslaccept"),
        ("postgresql://app:hunter2@127.0.0.1/app?require_auth=none", "require_auth"),
        ("postgresql://app:hunter2@127.0.0.1/app?host=a&host=b", "host"),
        (
            "postgresql://app:hunter2@127.0.0.1/app?sslmode=verify-full&sslrootcert=/nonexistent",
            "sslrootcert",
        ),
        (f"postgresql:///app?host=/{'x' * 200}", "too long"),
    ],
)
def test_an_unusable_database_url_stops_the_start(
    startup_message: StartupMessage, url: str, says: str
) -> None:
    line = startup_message(DATABASE_URL=url)
    assert line.startswith("DATABASE_URL ")
    assert says in line
    assert "hunter2" not in line


def test_the_replica_url_is_checked_in_the_same_way(
    startup_message: StartupMessage, database_url: str
) -> None:
    line = startup_message(DATABASE_URL=database_url, DATABASE_READ_URL="postgresql://127.0.0.1/app?sslsnl=1")
    assert line.startswith("DATABASE_READ_URL has the unknown parameter sslsnl; did you mean sslsni?")


def new_name(kind: str) -> str:
    return f"{kind}_{uuid4().hex[:12]}"


def run_alone(url: str, statement: str) -> None:
    """Run a statement outside a transaction, as CREATE DATABASE requires."""
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        connection.cursor().execute(statement)


def at(url: str, **parts: str) -> str:
    return make_url(url).set(**parts).render_as_string(hide_password=False)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def empty(postgres_url: str) -> Callable[[], str]:
    def create() -> str:
        name = new_name("db")
        run_alone(postgres_url, f"CREATE DATABASE {name} TEMPLATE template0")
        return at(postgres_url, database=name)

    return create


@pytest.fixture(scope="module")
def migrated(empty: Callable[[], str]) -> str:
    url = empty()
    migrate(url)
    return url


@pytest.fixture
def role(postgres_url: str) -> str:
    name = new_name("role")
    run(postgres_url, f"CREATE ROLE {name} LOGIN")
    return name


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
def test_a_database_without_utf8_stops_the_start(
    startup_message: StartupMessage, postgres_url: str, encoding: str
) -> None:
    name = new_name("db")
    options = f"ENCODING '{encoding}' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
    run_alone(postgres_url, f"CREATE DATABASE {name} {options}")
    line = startup_message(DATABASE_URL=at(postgres_url, database=name))
    assert line.startswith(f"DATABASE_URL leads to a database with the encoding {encoding}")


def test_a_missing_database_or_user_stops_the_start(
    startup_message: StartupMessage, postgres_url: str
) -> None:
    for url in (at(postgres_url, database="nowhere"), at(postgres_url, username="nowhere")):
        line = startup_message(DATABASE_URL=url)
        assert line.startswith("DATABASE_URL does not lead to a database: ")
        assert '"nowhere" does not exist' in line


def test_a_read_only_database_stops_the_start(
    startup_message: StartupMessage, empty: Callable[[], str], migrated: str
) -> None:
    url = empty()
    run(url, f"ALTER DATABASE {make_url(url).database} SET default_transaction_read_only = on")
    for each in (url, f"{migrated}&options=-c%20default_transaction_read_only%3Don"):
        line = startup_message(DATABASE_URL=each)
        assert line.startswith(
            "DATABASE_URL leads to a read-only database; set default_transaction_read_only"
        )


def test_an_old_postgresql_stops_the_start(
    startup_message: StartupMessage, migrated: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "OLDEST_VERSION", 99)
    line = startup_message(DATABASE_URL=migrated)
    assert line.startswith("DATABASE_URL leads to PostgreSQL 18; use 99 or later")


def test_a_user_without_connect_stops_the_start(
    startup_message: StartupMessage, empty: Callable[[], str], role: str
) -> None:
    url = empty()
    run(url, f"REVOKE CONNECT ON DATABASE {make_url(url).database} FROM PUBLIC")
    assert "permission denied for database" in startup_message(DATABASE_URL=at(url, username=role))


def test_a_user_without_the_right_to_migrate_stops_the_start(
    startup_message: StartupMessage, empty: Callable[[], str], role: str
) -> None:
    url = empty()
    line = startup_message(DATABASE_URL=at(url, username=role))
    assert line.startswith("DATABASE_URL has a user who may not migrate the database: permission denied")
    run(url, f"CREATE SCHEMA tasks_api; GRANT USAGE ON SCHEMA tasks_api TO {role}")
    line = startup_message(DATABASE_URL=at(url, username=role))
    assert line.startswith("DATABASE_URL has a user who may not migrate the database: permission denied")


ALL_TABLES = "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tasks_api TO"


@pytest.mark.parametrize(
    ("grants", "missing"),
    [
        ([], "permission denied for schema tasks_api"),
        (["GRANT USAGE ON SCHEMA tasks_api TO"], "permission denied for table alembic_version"),
        (
            ["GRANT USAGE ON SCHEMA tasks_api TO", "GRANT SELECT ON ALL TABLES IN SCHEMA tasks_api TO"],
            'INSERT on "tasks_api"."task"',
        ),
        (["GRANT USAGE ON SCHEMA tasks_api TO", ALL_TABLES], "USAGE on tasks_api.task_id_seq"),
    ],
)
def test_a_user_without_table_privileges_stops_the_start(
    startup_message: StartupMessage, migrated: str, role: str, grants: list[str], missing: str
) -> None:
    for grant in grants:
        run(migrated, f"{grant} {role}")
    line = startup_message(DATABASE_URL=at(migrated, username=role))
    assert line.startswith("DATABASE_URL has a user w")
    assert missing in line


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1080"),
        ("HTTP_PROXY", "socks4://127.0.0.1:1080"),
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSL_CERT_DIR", "/nonexistent"),
    ],
)
def test_an_unusable_proxy_or_certificate_stops_the_start(
    startup_message: StartupMessage, migrated: str, name: str, value: str
) -> None:
    settings = {"DATABASE_URL": migrated, "BETTER_AUTH_URL": "http://127.0.0.1:3000", name: value}
    assert startup_message(**settings).startswith(f"{name} ")


@pytest.mark.parametrize("kind", ["a file", "below a file", "below /proc"])
@pytest.mark.parametrize("name", ["METRICS_FOLDER", "OBSERVATIONS", "--data"])
def test_an_unwritable_folder_stops_the_start(
    startup_message: StartupMessage, tmp_path: Path, migrated: str, name: str, kind: str
) -> None:
    file = tmp_path / "file"
    file.touch()
    path = {"a file": file, "below a file": file / "x", "below /proc": Path("/proc/x")}[kind]
    if name == "--data":
        assert f"{path}" in (line := startup_message("--data", str(path)))
        assert "--data" in line
        # With a database, --data is the folder of the development secret.
        assert f"{path}" in (line := startup_message("--data", str(path), DATABASE_URL=migrated))
        assert "--data" in line
    else:
        line = startup_message(DATABASE_URL=migrated, **{name: str(path)})
        assert line.startswith(f"{name} names {path}, which cannot be used: ")


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (("--port", "99999"), "--port"),
        (("--port", "-1"), "--port"),
        (("--host", "does-not-exist.invalid"), "--host"),
        (("--host", "192.0.2.1"), "--host"),
        (("--host", "::zz"), "--host"),
        (("--host", "a\0b"), "--host"),
        (("--host", "x" * 300), "--host"),
    ],
)
def test_an_unusable_host_or_port_stops_the_start(
    startup_message: StartupMessage, arguments: tuple[str, str], option: str
) -> None:
    assert option in startup_message(*arguments, DATABASE_URL="postgresql://127.0.0.1:1/never-tried")


def test_a_taken_port_is_found_before_postgresql_starts(
    startup_message: StartupMessage, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        line = startup_message("--port", port)
        assert line == f"cannot listen on 127.0.0.1:{port}: Address already in use; choose another --port"
        line = startup_message(METRICS_PORT=port)
        assert line.startswith("METRICS_PORT cannot be used, 127.0.0.1:")
    assert not (tmp_path / "data" / "postgres").exists()


def test_an_env_file_that_is_not_utf8_stops_the_start(
    startup_message: StartupMessage, tmp_path: Path
) -> None:
    (tmp_path / "project" / ".env").write_bytes(b"FRONTEND_URL=\xff\n")
    assert startup_message() == ".env cannot be read: it is not UTF-8 text; fix that file, or remove it"


def test_a_missing_temporary_folder_stops_the_start(
    startup_message: StartupMessage, monkeypatch: pytest.MonkeyPatch, migrated: str
) -> None:
    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found")

    # Python caches the temporary folder of a process.
    monkeypatch.setattr("tempfile.gettempdir", none)
    assert startup_message(DATABASE_URL=migrated, METRICS_PORT="0").startswith(
        "METRICS_PORT needs a temporary folder: "
    )
    line = startup_message(DATABASE_URL=migrated, DATABASE_READ_URL=migrated)
    assert line.startswith("DATABASE_READ_URL needs a temporary folder: ")


PRODUCTION = {
    "ENVIRONMENT": "production",
    "BETTER_AUTH_SECRET": "9hB3k0Zq7Lw2Xv5Rt8Yn1Mc4Pd6Sf0Ga",
    "DATABASE_URL": "postgresql://nobody@localhost/none",
}


@pytest.mark.parametrize(
    ("env", "says"),
    [
        ({"ENVIRONMENT": "prod"}, "ENVIRONMENT must be"),
        ({"BETTER_AUTH_SECRET": "too-short"}, "BETTER_AUTH_SECRET has 9 bytes"),
        ({"FRONTEND_URL": "*"}, "FRONTEND_URL must be one origin"),
        ({"DATABASE_URL": "mysql://localhost/x"}, "DATABASE_URL must begin with postgresql://"),
        ({"MOCK": "some"}, "MOCK must be 'all' or 'unimplemented'"),
        (PRODUCTION | {"MOCK": "all"}, "MOCK returns examples instead of data; unset it in production"),
        ({"ENVIRONMENT": "test", "DEVELOPMENT_USER": "ada"}, "DEVELOPMENT_USER gives a token to everybody"),
        ({"METRICS_PORT": "65536"}, "METRICS_PORT must be"),
        ({"METRICS_PORT": "x"}, "METRICS_PORT must be"),
    ],
)
def test_an_invalid_setting_stops_the_start(
    startup_message: StartupMessage, env: dict[str, str], says: str
) -> None:
    line = startup_message(**env)
    assert line.startswith(says)
    assert env.get("BETTER_AUTH_SECRET", "\0") not in line
