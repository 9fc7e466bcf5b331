"""Read a connection string of PostgreSQL once, for both drivers: asyncpg (requests), psycopg2 (migrations).

asyncpg sends each parameter that it does not know to the server as a session setting; libpq (psycopg2)
rejects it. If `?host=` occurs twice, asyncpg takes the last one and SQLAlchemy takes both. So this module
reads the string as libpq documents it, rejects by name each parameter that one of the drivers does not
support, and gives both drivers equivalent arguments.

https://www.postgresql.org/docs/current/libpq-connect.html
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import unquote, urlencode

# Both drivers support these with the same meaning.
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
# Session settings, which libpq and asyncpg both send to the server.
_SESSION = {"application_name", "fallback_application_name", "options"}
# They configure the client's socket. asyncpg has no such options, and each statement has a timeout anyway.
_SOCKET = {"keepalives", "keepalives_count", "keepalives_idle", "keepalives_interval", "tcp_user_timeout"}
_NUMBERS = {*_SOCKET, "connect_timeout"}
# asyncpg supports only one of the values, which is the same as leaving the parameter out.
_ONLY = {
    "client_encoding": ("UTF8", "UTF-8", "utf8", "utf-8"),
    # Neon sets `require`, which asyncpg does not support. sslmode=verify-full is the way to authenticate the
    # server.
    "channel_binding": ("disable", "prefer", "require"),
    "gssdelegation": ("0",),
    "gssencmode": ("disable", "prefer"),
    "load_balance_hosts": ("disable",),
    "sslcertmode": ("allow",),
    "sslcompression": ("0", "1"),  # libpq ignores it since PostgreSQL 14.
    "sslsni": ("1",),
}
# libpq supports these, and asyncpg supports none of their values.
_REFUSED = {
    "hostaddr": "use the address as the host",
    "require_auth": "use sslmode=verify-full, so that no other server gets the password",
    "requirepeer": "restrict the permissions of the socket's folder instead",
    "sslcrldir": "use sslcrl with one file",
    "sslkeylogfile": "use psql for it",
}
# Other tools add these, mainly Prisma and Supabase, for their own pool or for tables in `public`.
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
    """A parsed connection string; parameters without a value are left out."""

    hosts: tuple[str, ...]
    ports: tuple[int, ...]
    """None, one for all hosts, or one for each."""
    user: str | None
    password: str | None
    database: str | None
    parameters: Mapping[str, str]
    """Parameters that both drivers support, by libpq's names."""
    session: Mapping[str, str]
    """Session settings, which are sent to the server."""
    only_libpq: Mapping[str, str]
    """Parameters that psycopg2 needs and asyncpg does not."""
    connect_seconds: int | None
    without_effect: tuple[str, ...]
    """Parameters for other tools."""
    pooled: bool
    """Whether a pooler in transaction mode is between this process and the server."""

    @property
    def for_asyncpg(self) -> dict[str, Any]:
        """Return the arguments of asyncpg.connect; TLS parameters must be in its DSN."""
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
        """Return the arguments of psycopg2.connect."""
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
        """Return the address of the database, without user and parameters."""
        return f"{self.hosts} {self.ports} {self.database}"


def read_connection_string(text: str) -> ConnectionString:
    """Parse a connection string. Raises ValueError without values, which may be parts of a password."""
    if not text.isascii() and not _is_utf8(text):
        raise ValueError("is not UTF-8 text")
    form = _FORM.fullmatch(text)
    if form is None:
        raise ValueError(
            "must begin with postgresql:// or postgres://" if _SCHEME.match(text) else _NO_CONNECTION_STRING
        )
    credentials, hosts = form["credentials"], form["hosts"]
    if "@" in hosts or (credentials is None and "@" in text):
        # Text after an @ or a / in the password would be read as the host or as a parameter.
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
    """Translate a parameter of JDBC, node-postgres or SQLAlchemy into libpq's equivalent."""
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
        raise ValueError("has a port but no host; give both")
    if not all(hosts):
        raise ValueError("has an empty entry in its list of hosts")
    if len(ports) > 1 and not all(ports):
        # libpq's default port.
        ports = [port or "5432" for port in ports]
    if not all(_PORT.fullmatch(port) and int(port) < 65536 for port in ports):
        raise ValueError("has a port that is not a number from 1 to 65535")
    if len(ports) not in (0, 1, len(hosts)):
        raise ValueError(f"has {len(ports)} ports for {len(hosts)} hosts; give one for each, or one for all")
    if given.get("sslrootcert") == "system":
        raise ValueError(
            "has sslrootcert=system, which asyncpg does not support; give the file, on most Linux systems "
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
        # 0 means no limit, and there is always one here.
        connect_seconds=int(given.get("connect_timeout", 0)) or None,
        without_effect=tuple(name for name in given if name in _OF_OTHER_TOOLS),
        # The host names of Neon's poolers contain the word, and Prisma's parameter marks all others.
        pooled=any("-pooler" in host for host in hosts) or given.get("pgbouncer") == "true",
    )


def _check(name: str, value: str) -> None:
    if name in _REFUSED:
        raise ValueError(
            f"has the parameter {name}, which asyncpg does not support; remove it: {_REFUSED[name]}"
        )
    if name in _ONLY and value not in _ONLY[name]:
        can = " or ".join(_ONLY[name])
        raise ValueError(f"has a {name} that asyncpg does not support; remove it, or set it to {can}")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise ValueError(f"has an unknown {name}; it must be {', '.join(_CHOICES[name])}")
    if name in _NUMBERS and not re.fullmatch(r"[0-9]{1,9}", value):
        raise ValueError(f"has a {name} that is not a number")
    known = {*_HOST_AND_OTHERS, *_BOTH, *_SESSION, *_NUMBERS, *_ONLY, *_OF_OTHER_TOOLS, "pgbouncer"}
    if name not in known:
        alike = get_close_matches(name, sorted(known), n=1, cutoff=0.7)
        advice = f"did you mean {alike[0]}?" if alike else "remove it"
        raise ValueError(
            f"has the unknown parameter {name}; {advice} (write session settings as "
            "options=-c%20NAME%3DVALUE)"
        )


def _check_file(name: str, path: str) -> None:
    try:
        open(path, "rb").close()
    except OSError as error:
        raise ValueError(f"has {name}={path}, which cannot be read: {error.strerror}") from None
