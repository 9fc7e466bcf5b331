"""Read a connection string of PostgreSQL once, for both drivers: asyncpg (requests), psycopg2 (migrations).

Each driver reads connection strings in its own way. asyncpg sends each parameter that it does not know to the
server as a setting of the session; libpq (psycopg2) refuses it. Of two `?host=` asyncpg takes the last, and
SQLAlchemy both. So this module reads the string as libpq documents it, refuses by name what one of the
drivers cannot do, and gives each driver what means the same.

https://www.postgresql.org/docs/current/libpq-connect.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import unquote, urlencode

# Both drivers know these, and understand them alike.
_BOTH = {
    *("krbsrvname", "passfile", "service", "sslcert", "sslcrl", "sslkey", "sslmode", "sslnegotiation"),
    *("sslpassword", "sslrootcert", "ssl_max_protocol_version", "ssl_min_protocol_version"),
    "target_session_attrs",
}
_FILES = ("sslcert", "sslcrl", "sslkey", "sslrootcert")
_CHOICES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    "pgbouncer": ("true", "false"),
}
# Settings of the session, which libpq sends to the server as asyncpg does.
_SESSION = {"application_name", "fallback_application_name", "options"}
# They concern the client's socket. asyncpg has no such option, and each statement has a time limit anyway.
_SOCKET = {"keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval", "tcp_user_timeout"}
_NUMBERS = {*_SOCKET, "connect_timeout"}
# asyncpg can do one of the values: that one means to it what leaving the parameter out means.
_ONLY = {
    "client_encoding": ("UTF8", "UTF-8", "utf8", "utf-8"),
    # Neon gives `require`, which asyncpg cannot do. sslmode=verify-full is the way to know the server.
    "channel_binding": ("disable", "prefer", "require"),
    "gssdelegation": ("0",),
    "gssencmode": ("disable", "prefer"),
    "load_balance_hosts": ("disable",),
    "sslcertmode": ("allow",),
    "sslcompression": ("0", "1"),  # libpq ignores it since PostgreSQL 14.
    "sslsni": ("1",),
}
# libpq knows them, and asyncpg can do none of their values.
_REFUSED = {
    "hostaddr": "write the address in place of the host's name",
    "require_auth": "with sslmode=verify-full no other server gets the password",
    "requirepeer": "the permissions of the socket's folder say who can make it",
    "sslcrldir": "name one file with sslcrl",
    "sslkeylogfile": "PostgreSQL's own psql can do it",
}
# Other tools write them, Prisma and Supabase above all, for their own pool or for tables in `public`.
_OF_OTHER_TOOLS = {
    *(
        "connection_limit",
        "max_connection_lifetime",
        "max_idle_connection_lifetime",
        "pool_timeout",
        "schema",
    ),
    *("single_use_connections", "socket_timeout", "statement_cache_size", "supa", "uselibpqcompat"),
    "workaround",
}
_HOST_AND_OTHERS = ("host", "port", "user", "password", "dbname")

_FORM = re.compile(
    r"postgres(?:ql)?://(?:(?P<credentials>[^@/]*)@)?(?P<hosts>[^/?]*)(?:/(?P<dbname>[^?]*))?(?:\?(?P<query>.*))?",
    re.S,
)
_HOST = re.compile(
    r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]+(?:%25[\w.-]+)?)\]|(?P<name>[^:\[\]]*))(?::(?P<port>[^:]*))?"
)
_PORT = re.compile(r"0*[1-9][0-9]{0,4}")
_NAME = re.compile(r"[A-Za-z_]\w{0,40}", re.A)
_SCHEME = re.compile(r"[\w+.-]+://", re.A)


@dataclass(frozen=True)
class ConnectionString:
    """A connection string, understood; parameters without a value are left out."""

    hosts: tuple[str, ...]
    ports: tuple[int, ...]
    """None, one for all hosts, or one for each."""
    user: str | None
    password: str | None
    database: str | None
    parameters: Mapping[str, str]
    """What both drivers know, by libpq's names."""
    session: Mapping[str, str]
    """Settings that go to the server."""
    only_libpq: Mapping[str, str]
    """What psycopg2 is told and asyncpg need not know."""
    connect_seconds: int | None
    without_effect: tuple[str, ...]
    """Parameters for other tools."""
    pooled: bool
    """Whether a pooler in transaction mode is between this process and the server."""

    @property
    def for_asyncpg(self) -> dict[str, Any]:
        """Arguments of asyncpg.connect. Those of TLS it reads from a connection string alone."""
        found = {
            "host": [*self.hosts],
            "port": [*self.ports] if len(self.ports) != 1 else self.ports[0],
            "user": self.user,
            "password": self.password,
            "database": self.database,
            "server_settings": {**self.session},
        }
        given = {name: value for name, value in found.items() if value}
        return given | {"dsn": f"postgresql://?{urlencode(self.parameters)}"}

    @property
    def for_psycopg2(self) -> dict[str, str]:
        """Arguments of psycopg2.connect."""
        found = {
            "host": ",".join(self.hosts),
            "port": ",".join(map(str, self.ports)),
            "user": self.user,
            "password": self.password,
            "dbname": self.database,
            "connect_timeout": str(self.connect_seconds or ""),
        }
        given = {name: value for name, value in found.items() if value}
        return {**given, **self.parameters, **self.session, **self.only_libpq}

    @property
    def address(self) -> str:
        """Where the database is, without who connects and how."""
        return f"{self.hosts} {self.ports} {self.database}"


def read_connection_string(text: str) -> ConnectionString:
    """Raises ValueError that says what is wrong, without values, which may be parts of a password."""
    if not text.isascii() and not _is_utf8(text):
        raise ValueError("is not UTF-8 text")
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError(
            "must begin with postgresql:// or postgres://" if _SCHEME.match(text) else _NO_CONNECTION_STRING
        )
    credentials, hosts = form["credentials"], form["hosts"]
    if "@" in hosts or (credentials is None and "@" in text):
        # What follows an @ or a / in the password would be taken for the host, or for a parameter.
        raise ValueError("has an @ or a / in its password; percent-encode them as %40 and %2F")
    user, _, password = (credentials or "").partition(":")
    pairs = [("user", user), ("password", password), ("dbname", form["dbname"] or ""), *_hosts(hosts)]
    pairs += _parameters(form["query"] or "")
    given: dict[str, str] = {}
    for name, value in ((name, _decoded(value)) for name, value in pairs if value):
        name, value = _translated(name, value)
        if name in given:
            raise ValueError(f"gives {name} twice; {_TWICE.get(name, 'give it once')}")
        given[name] = value
    return _understood(given)


_NO_CONNECTION_STRING = (
    "is not a connection string; write postgresql://USER:PASSWORD@HOST/DATABASE "
    "with special characters of the password percent-encoded"
)
_TWICE = {"host": "write a list of hosts as HOST1:PORT1,HOST2:PORT2"}


def _hosts(text: str) -> list[tuple[str, str]]:
    matches = [_HOST.fullmatch(each) for each in text.split(",")] if text else []
    hosts = [(match["ipv6"] or match["name"], match["port"] or "") for match in matches if match]
    if len(hosts) < len(matches):
        raise ValueError("has a host that is neither a name nor an address; write IPv6 as [::1]")
    ports = ",".join(port for _, port in hosts)
    return [("host", ",".join(host for host, _ in hosts)), ("port", ports if ports.strip(",") else "")]


def _parameters(query: str) -> list[tuple[str, str]]:
    pairs = [pair.partition("=") for pair in query.split("&")] if query else []
    if not all(_NAME.fullmatch(name) and equals for name, equals, _ in pairs):
        raise ValueError("has a parameter that is not NAME=VALUE; percent-encode special characters")
    return [(name, value) for name, _, value in pairs]


def _translated(name: str, value: str) -> tuple[str, str]:
    """What means the same in libpq's words: of JDBC, node-postgres and SQLAlchemy."""
    if name == "ssl":
        value = {"true": "require", "1": "require", "false": "disable", "0": "disable"}.get(value, value)
        if value not in _CHOICES["sslmode"]:
            raise ValueError(f"has an unknown ssl; write sslmode={'|'.join(_CHOICES['sslmode'])}")
        return "sslmode", value
    return name, value


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _decoded(text: str) -> str:
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise ValueError("has percent-encoded bytes that are not UTF-8") from None
    if re.search(r"%(?![0-9A-Fa-f]{2})", text):
        raise ValueError("has a % that encodes nothing; write % itself as %25")
    if re.search(r"[\x00-\x1f\x7f]", decoded):
        raise ValueError("has a control character")
    return decoded


def _understood(given: Mapping[str, str]) -> ConnectionString:
    for name, value in given.items():
        _check(name, value)
    hosts = given["host"].split(",") if "host" in given else []
    ports = given["port"].split(",") if "port" in given else []
    if ports and not hosts:
        raise ValueError("has a port and no host; give both")
    if not all(hosts):
        raise ValueError("has a list of hosts of which one is empty")
    if len(ports) > 1 and not all(ports):
        # libpq's port where none is given.
        ports = [port or "5432" for port in ports]
    if not all(_PORT.fullmatch(port) and int(port) < 65536 for port in ports):
        raise ValueError("has a port that is not a number from 1 to 65535")
    if len(ports) not in (0, 1, len(hosts)):
        raise ValueError(f"has {len(ports)} ports for {len(hosts)} hosts; give one for each, or one for all")
    if given.get("sslrootcert") == "system":
        raise ValueError(
            "says sslrootcert=system, which asyncpg cannot do; name the file, on most Linux systems "
            "sslrootcert=/etc/ssl/certs/ca-certificates.crt"
        )
    for name in _FILES:
        if given.get(name):
            _check_file(name, given[name])
    program = given.get("application_name") or given.get("fallback_application_name")
    return ConnectionString(
        hosts=tuple(hosts),
        ports=tuple(map(int, ports)),
        user=given.get("user"),
        password=given.get("password"),
        database=given.get("dbname"),
        parameters={name: value for name, value in given.items() if name in _BOTH},
        session={
            **({"application_name": program} if program else {}),
            **({"options": given["options"]} if "options" in given else {}),
        },
        only_libpq={name: value for name, value in given.items() if name in {*_ONLY, *_SOCKET}},
        # 0 stands for no limit, and there is always one here.
        connect_seconds=int(given.get("connect_timeout", 0)) or None,
        without_effect=tuple(name for name in given if name in _OF_OTHER_TOOLS),
        # Neon's poolers have it in their names, and Prisma's word says it of all others.
        pooled=any("-pooler" in host for host in hosts) or given.get("pgbouncer") == "true",
    )


def _check(name: str, value: str) -> None:
    if name in _REFUSED:
        raise ValueError(f"has the parameter {name}, which asyncpg cannot do; remove it: {_REFUSED[name]}")
    if name in _ONLY and value not in _ONLY[name]:
        can = " or ".join(_ONLY[name])
        raise ValueError(f"has a {name} that asyncpg cannot do; remove it, or set it to {can}")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise ValueError(f"has an unknown {name}; it must be {', '.join(_CHOICES[name])}")
    if name in _NUMBERS and not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError(f"has a {name} that is not a number")
    known = {*_HOST_AND_OTHERS, *_BOTH, *_SESSION, *_NUMBERS, *_ONLY, *_OF_OTHER_TOOLS, "pgbouncer"}
    if name not in known:
        alike = get_close_matches(name, sorted(known), n=1, cutoff=0.7)
        advice = f"did you mean {alike[0]}?" if alike else "remove it"
        raise ValueError(
            f"has the unknown parameter {name}; {advice} (write settings of the session as "
            "options=-c%20NAME%3DVALUE)"
        )


def _check_file(name: str, path: str) -> None:
    try:
        open(path, "rb").close()
    except OSError as error:
        raise ValueError(f"names {name} {path}, which cannot be read: {error.strerror}") from None
