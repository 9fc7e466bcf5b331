"""Requests as bytes, and the responses that the RFCs require.

An expectation is one status for each response. `!` at its end means that the server must close the connection:
`201` is one response on a connection that stays open, `200 400!` is two responses and then the end. `201/413`
allows either. `100` is an interim response. `?` at its end means that the server waits for a body that does not
come, and `-` that there is no response. Where the RFCs leave a choice, the comment of a group says what we chose.
"""

from __future__ import annotations

from typing import NamedTuple


class Case(NamedTuple):
    section: str
    name: str
    data: bytes
    expected: str


LIMIT = 65536  # Bytes of a head.
JSON = b'{"title":"a"}'
INNER = b"GET /nowhere HTTP/1.1\r\nHost: smuggled\r\n\r\n"
"""A request that gets 404 if the server reads it as a request."""

_CASES: dict[str, list[tuple[str, bytes, str]]] = {}


def get(*fields: bytes, line: bytes = b"GET /health HTTP/1.1", host: bytes | None = b"Host: a") -> bytes:
    return b"\r\n".join([line, *([host] if host is not None else []), *fields, b"", b""])


def post(body: bytes, *fields: bytes, version: bytes = b"1.1", method: bytes = b"POST") -> bytes:
    """Return a request to create a task, which gets 201 if the body is valid JSON, else 400."""
    target = b"/api/ada/tasks/1" if method == b"PUT" else b"/api/ada/tasks"
    line = method + b" " + target + b" HTTP/" + version
    return get(b"Authorization: Bearer TOKEN", b"Content-Type: application/json", *fields, line=line) + body


def chunked(body: bytes, *fields: bytes) -> bytes:
    return post(body, b"Transfer-Encoding: chunked", *fields)


def sized(body: bytes, *fields: bytes, length: bytes | None = None) -> bytes:
    return post(body, b"Content-Length: " + (length if length is not None else b"%d" % len(body)), *fields)


CHUNKS = b"d\r\n" + JSON + b"\r\n0\r\n\r\n"

_CASES["RFC 9112, 3: request line"] = [
    ("the usual", get(), "200"),
    ("an empty line in front", b"\r\n" + get(), "200"),
    ("several empty lines in front", b"\r\n\r\n\r\n" + get(), "200"),
    ("a bare LF in front", b"\n" + get(), "400!"),
    ("a bare CR in front", b"\r" + get(), "400!"),
    ("a space in front", b" " + get(), "400!"),
    ("a tab in front", b"\t" + get(), "400!"),
    ("NUL in front", b"\0" + get(), "400!"),
    ("a byte order mark in front", b"\xef\xbb\xbf" + get(), "400!"),
    ("two spaces after the method", get(line=b"GET  /health HTTP/1.1"), "400!"),
    ("two spaces after the target", get(line=b"GET /health  HTTP/1.1"), "400!"),
    ("tabs in place of spaces", get(line=b"GET\t/health\tHTTP/1.1"), "400!"),
    ("a tab after the method", get(line=b"GET\t/health HTTP/1.1"), "400!"),
    ("vertical tabs in place of spaces", get(line=b"GET\x0b/health\x0bHTTP/1.1"), "400!"),
    ("form feeds in place of spaces", get(line=b"GET\x0c/health\x0cHTTP/1.1"), "400!"),
    ("bare CRs in place of spaces", get(line=b"GET\r/health\rHTTP/1.1"), "400!"),
    ("a space at the end", get(line=b"GET /health HTTP/1.1 "), "400!"),
    ("a tab at the end", get(line=b"GET /health HTTP/1.1\t"), "400!"),
    ("more words at the end", get(line=b"GET /health HTTP/1.1 more"), "400!"),
    ("a space in the target", get(line=b"GET /he alth HTTP/1.1"), "400!"),
    ("no target", get(line=b"GET HTTP/1.1"), "400!"),
    ("an empty target", get(line=b"GET  HTTP/1.1"), "400!"),
    ("no method", get(line=b"/health HTTP/1.1"), "400!"),
    ("an empty method", get(line=b" /health HTTP/1.1"), "400!"),
    ("only a method", get(line=b"GET"), "400!"),
    ("a response", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "400!"),
    ("a TLS handshake", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "400!"),
    ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n", "400!"),
    ("a line that ends with LF", b"GET /health HTTP/1.1\nHost: a\r\n\r\n", "400!"),
    ("a line that ends with CR", b"GET /health HTTP/1.1\rHost: a\r\n\r\n", "400!"),
    ("a line that ends with LF CR", b"GET /health HTTP/1.1\n\rHost: a\r\n\r\n", "400!"),
    ("a line that ends with CR CR LF", b"GET /health HTTP/1.1\r\r\nHost: a\r\n\r\n", "400!"),
]

# A client of an unknown version cannot read our response anyway: 505 or 400. A higher minor version is read as 1.1.
_CASES["RFC 9110, 2.5 and RFC 9112, 2.3: version"] = [
    ("HTTP/1.0", get(line=b"GET /health HTTP/1.0"), "200!"),
    ("HTTP/1.0 without Host", get(line=b"GET /health HTTP/1.0", host=None), "200!"),
    ("HTTP/1.0 with keep-alive", get(b"Connection: keep-alive", line=b"GET /health HTTP/1.0"), "200!"),
    ("HTTP/1.2 is read as 1.1", get(line=b"GET /health HTTP/1.2"), "200"),
    ("HTTP/1.9 is read as 1.1", get(line=b"GET /health HTTP/1.9"), "200"),
    ("HTTP/0.9", b"GET /health\r\n", "400!"),
    ("HTTP/0.9 with LF", b"GET /health\n", "400!"),
    ("HTTP/0.9 in words", get(line=b"GET /health HTTP/0.9"), "400/505!"),
    ("HTTP/2.0 in words", get(line=b"GET /health HTTP/2.0"), "400/505!"),
    ("HTTP/3.0 in words", get(line=b"GET /health HTTP/3.0"), "400/505!"),
    ("HTTP/9.9 in words", get(line=b"GET /health HTTP/9.9"), "400/505!"),
    ("the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "400/505!"),
    ("HTTP/2 without minor version", get(line=b"GET /health HTTP/2"), "400/505!"),
    ("HTTP/1", get(line=b"GET /health HTTP/1"), "400!"),
    ("HTTP/1.", get(line=b"GET /health HTTP/1."), "400!"),
    ("HTTP/.1", get(line=b"GET /health HTTP/.1"), "400!"),
    ("HTTP/1,1", get(line=b"GET /health HTTP/1,1"), "400!"),
    ("HTTP/1.10", get(line=b"GET /health HTTP/1.10"), "400!"),
    ("HTTP/01.1", get(line=b"GET /health HTTP/01.1"), "400!"),
    ("HTTP/ 1.1", get(line=b"GET /health HTTP/ 1.1"), "400!"),
    ("HTTP/1. 1", get(line=b"GET /health HTTP/1. 1"), "400!"),
    ("HTTP/+1.1", get(line=b"GET /health HTTP/+1.1"), "400!"),
    ("HTTP/-1.1", get(line=b"GET /health HTTP/-1.1"), "400!"),
    ("http/1.1", get(line=b"GET /health http/1.1"), "400!"),
    ("Http/1.1", get(line=b"GET /health Http/1.1"), "400!"),
    ("HTTPS/1.1", get(line=b"GET /health HTTPS/1.1"), "400!"),
    ("HTTP 1.1", get(line=b"GET /health HTTP 1.1"), "400!"),
    ("HTTP/1.1 with NUL", get(line=b"GET /health HTTP/1.1\0"), "400!"),
    ("another protocol", get(line=b"GET /health ICE/1.0"), "400!"),
]

# 405 with Allow, as the contract declares for unsupported methods.
_CASES["RFC 9110, 9.1: method"] = [
    *(
        (name.decode(), get(line=name + b" /health HTTP/1.1"), "405")
        for name in (
            *(b"FOO", b"BREW", b"PROPFIND", b"QUERY", b"TRACE", b"PATCH", b"get", b"Get", b"GETT", b"GE"),
            *(b"PRI", b"M-SEARCH", b"A", b"!#$%&'*+-.^_`|~", b"X" * 1000, b"HEADER", b"OPTION", b"_", b"0"),
        )
    ),
    ("FOO of an unknown path", get(line=b"FOO /nowhere HTTP/1.1"), "404"),
    ("FOO with a body", get(b"Content-Length: 3", line=b"FOO /health HTTP/1.1") + b"abc", "405"),
    ("FOO with a request as body", get(b"Content-Length: 41", line=b"FOO /health HTTP/1.1") + INNER, "405"),
    ("a comma in the method", get(line=b"GE,T /health HTTP/1.1"), "400!"),
    ("a colon in the method", get(line=b"GET: /health HTTP/1.1"), "400!"),
    ("a quote in the method", get(line=b'"GET" /health HTTP/1.1'), "400!"),
    ("a bracket in the method", get(line=b"[GET] /health HTTP/1.1"), "400!"),
    ("a slash in the method", get(line=b"GE/T /health HTTP/1.1"), "400!"),
    ("NUL in the method", get(line=b"GE\0T /health HTTP/1.1"), "400!"),
    ("an 8-bit character in the method", get(line=b"GE\xc9 /health HTTP/1.1"), "400!"),
    ("HEAD", get(line=b"HEAD /health HTTP/1.1"), "200"),
    ("HEAD of an unknown path", get(line=b"HEAD /nowhere HTTP/1.1"), "404"),
    ("HEAD without token", get(line=b"HEAD /api/ada HTTP/1.1"), "401"),
    ("HEAD without Host", get(line=b"HEAD /health HTTP/1.1", host=None), "400!"),
    ("HEAD with a bad field", get(b"bad field", line=b"HEAD /health HTTP/1.1"), "400!"),
    ("HEAD of an unknown version", get(line=b"HEAD /health HTTP/2.0"), "400/505!"),
    ("HEAD with a large head", get(b"X: " + b"x" * LIMIT, line=b"HEAD /health HTTP/1.1"), "431!"),
    ("HEAD with an unknown coding", get(b"Transfer-Encoding: x", line=b"HEAD /health HTTP/1.1"), "501!"),
    ("HEAD with a body", get(b"Content-Length: 3", line=b"HEAD /health HTTP/1.1") + b"abc", "200"),
    ("OPTIONS", get(line=b"OPTIONS /health HTTP/1.1"), "204"),
]

_CASES["RFC 9112, 3.2: target"] = [
    ("a query", get(line=b"GET /health?unknown=1 HTTP/1.1"), "422"),
    ("an empty query", get(line=b"GET /health? HTTP/1.1"), "200"),
    ("percent-encoding", get(line=b"GET /%68ealth HTTP/1.1"), "200"),
    ("an empty segment in front", get(line=b"GET //health HTTP/1.1"), "404"),
    ("dots", get(line=b"GET /x/../health HTTP/1.1"), "404"),
    ("characters that browsers do not encode", get(line=b"GET /health/[x]|^ HTTP/1.1"), "404"),
    ("a fragment", get(line=b"GET /health#x HTTP/1.1"), "400!"),
    ("an empty fragment", get(line=b"GET /health# HTTP/1.1"), "400!"),
    ("a fragment after a query", get(line=b"GET /health?#x HTTP/1.1"), "400!"),
    ("a fragment of a URL", get(line=b"GET http://a/health#x HTTP/1.1"), "400!"),
    ("no slash in front", get(line=b"GET health HTTP/1.1"), "400!"),
    ("a backslash in front", get(line=b"GET \\health HTTP/1.1"), "400!"),
    ("a question mark in front", get(line=b"GET ?x HTTP/1.1"), "400!"),
    ("a dot", get(line=b"GET . HTTP/1.1"), "400!"),
    ("* for GET", get(line=b"GET * HTTP/1.1"), "400!"),
    ("* for POST", get(b"Content-Length: 0", line=b"POST * HTTP/1.1"), "400!"),
    ("* for HEAD", get(line=b"HEAD * HTTP/1.1"), "400!"),
    ("* for OPTIONS", get(line=b"OPTIONS * HTTP/1.1"), "204"),
    ("*x for OPTIONS", get(line=b"OPTIONS *x HTTP/1.1"), "400!"),
    ("a URL", get(line=b"GET http://a/health HTTP/1.1"), "200"),
    ("a URL of another host", get(line=b"GET http://other.example:81/health HTTP/1.1"), "200"),
    ("a URL in upper case", get(line=b"GET HTTP://A/health HTTP/1.1"), "200"),
    ("a URL with https", get(line=b"GET https://a/health HTTP/1.1"), "200"),
    ("a URL without path", get(line=b"GET http://a HTTP/1.1"), "200"),
    ("a URL without path, with a query", get(line=b"GET http://a?unknown=1 HTTP/1.1"), "422"),
    ("a URL with IPv6", get(line=b"GET http://[::1]:80/health HTTP/1.1"), "200"),
    ("a URL without Host", get(line=b"GET http://a/health HTTP/1.1", host=None), "400!"),
    ("a URL with two Hosts", get(b"Host: b", line=b"GET http://a/health HTTP/1.1"), "400!"),
    ("a URL in HTTP/1.0", get(line=b"GET http://a/health HTTP/1.0", host=None), "200!"),
    ("a URL without host", get(line=b"GET http:///health HTTP/1.1"), "400!"),
    ("a URL with one slash", get(line=b"GET http:/health HTTP/1.1"), "400!"),
    ("a URL with a user", get(line=b"GET http://u:p@a/health HTTP/1.1"), "400!"),
    ("a URL with a bad port", get(line=b"GET http://a:x/health HTTP/1.1"), "400!"),
    ("a URL with a backslash", get(line=b"GET http://a\\health HTTP/1.1"), "400!"),
    ("ftp", get(line=b"GET ftp://a/health HTTP/1.1"), "400!"),
    ("ws", get(line=b"GET ws://a/health HTTP/1.1"), "400!"),
    ("file", get(line=b"GET file:///etc/passwd HTTP/1.1"), "400!"),
    ("javascript", get(line=b"GET javascript:x HTTP/1.1"), "400!"),
    ("urn", get(line=b"GET urn:x:y HTTP/1.1"), "400!"),
    ("a host and a port for GET", get(line=b"GET a:80 HTTP/1.1"), "400!"),
    ("CONNECT", get(line=b"CONNECT a:80 HTTP/1.1"), "405/501!"),
    ("CONNECT and bytes for the tunnel", get(line=b"CONNECT a:80 HTTP/1.1") + INNER, "405/501!"),
    ("CONNECT of a path", get(line=b"CONNECT /health HTTP/1.1"), "400!"),
    ("CONNECT of a URL", get(line=b"CONNECT http://a/ HTTP/1.1"), "400!"),
    ("NUL", get(line=b"GET /health\0 HTTP/1.1"), "400!"),
    ("a tab", get(line=b"GET /hea\tlth HTTP/1.1"), "400!"),
    ("DEL", get(line=b"GET /health\x7f HTTP/1.1"), "400!"),
    ("an 8-bit character", get(line=b"GET /\xe9 HTTP/1.1"), "400!"),
    ("UTF-8", get(line="GET /é HTTP/1.1".encode()), "400!"),
    ("a bare CR", get(line=b"GET /hea\rlth HTTP/1.1"), "400!"),
    ("a bare LF", get(line=b"GET /hea\nlth HTTP/1.1"), "400!"),
    ("8000 bytes", get(line=b"GET /" + b"x" * 8000 + b" HTTP/1.1"), "404"),
    ("too long", get(line=b"GET /" + b"x" * LIMIT + b" HTTP/1.1"), "414!"),
    ("a query that is too long", get(line=b"GET /health?" + b"x" * LIMIT + b" HTTP/1.1"), "414!"),
    ("too long, and without an end", b"GET /" + b"x" * LIMIT, "414!"),
]

# An empty Host is rejected: the URL of an HTTP request always has a host (RFC 9110, 4.2.1).
_CASES["RFC 9112, 3.2 and RFC 9110, 7.2: Host"] = [
    ("missing", get(host=None), "400!"),
    ("twice", get(b"Host: b"), "400!"),
    ("twice, equal", get(b"Host: a"), "400!"),
    ("twice, in another case", get(b"HOST: a"), "400!"),
    ("twice, in HTTP/1.0", get(b"Host: b", line=b"GET /health HTTP/1.0"), "400!"),
    ("invalid in HTTP/1.0", get(line=b"GET /health HTTP/1.0", host=b"Host: a b"), "400!"),
    ("in another case", get(host=b"hOsT: a"), "200"),
    ("without space", get(host=b"Host:a"), "200"),
    ("with spaces and tabs around", get(host=b"Host: \t a \t "), "200"),
    ("with a space in front of the colon", get(host=b"Host : a"), "400!"),
    *((f"valid: {v.decode()}", get(host=b"Host: " + v), "200") for v in (
        *(b"a:80", b"a:", b"example.com", b"a_b", b"127.0.0.1:8000", b"[::1]", b"[::1]:80", b"%41", b"xn--a"),
        *(b"[::ffff:127.0.0.1]", b"a.", b"A.EXAMPLE"),
    )),
    *((f"invalid: {v.decode('latin-1')}", get(host=b"Host: " + v), "400!") for v in (
        *(b"", b"a b", b"a, b", b"a/b", b"a b/c", b"http://a", b"a?b", b"a#b", b"u@a", b"a:b", b"a:80:80", b"a:-1"),
        *(b"a\tb", b"[::1", b"::1", b"[]", b"[x]", b"[:::1]", b"[1]", b"%4", b"%zz", b"a\\b", b"<a>", b'"a"'),
        *(b"\xe9", b":80", b"a" * 300, b"a:123456", b"[::1]x", b"[fe80::1%25eth0]", b"a^b", b"{a}", b"a|b"),
    )),
]  # fmt: skip

_CASES["RFC 9112, 5 and RFC 9110, 5.5: fields"] = [
    ("an empty value", get(b"X:"), "200"),
    ("spaces for a value", get(b"X:    "), "200"),
    ("an 8-bit value", get(b"X: \xe9\xff"), "200"),
    ("a tab in a value", get(b"X: a\tb"), "200"),
    ("a colon in a value", get(b"X: a:b"), "200"),
    ("every character of a token as name", get(b"!#$%&'*+-.^_`|~09azAZ: x"), "200"),
    ("256 fields", get(*[b"X: x"] * 255), "200"),
    ("257 fields", get(*[b"X: x"] * 256), "431!"),
    ("a head at the limit", get(b"X: " + b"x" * (LIMIT - len(get(b"X: ")))), "200"),
    ("a head one byte over the limit", get(b"X: " + b"x" * (LIMIT - len(get(b"X: ")) + 1)), "431!"),
    ("a name that is too long", get(b"X" * LIMIT + b": x"), "431!"),
    ("a head without an end", get()[:-2] + b"X: " + b"x" * LIMIT, "431!"),
    ("fields without an end", get()[:-2] + b"X: x\r\n" * 257, "431!"),
    ("a space in front of the colon", get(b"X : x"), "400!"),
    ("a tab in front of the colon", get(b"X\t: x"), "400!"),
    ("a space in front of the colon of Content-Length", post(b"abc", b"Content-Length : 3"), "400!"),
    (
        "a space in front of the colon of Transfer-Encoding",
        post(CHUNKS, b"Transfer-Encoding : chunked"),
        "400!",
    ),
    ("a space in a name", get(b"X Y: x"), "400!"),
    ("a space in front of a name", get(b" X: x"), "400!"),
    ("a space in front of the first name", get(b"Host: a", host=b" X: x"), "400!"),
    ("no colon", get(b"bad header"), "400!"),
    ("no name", get(b": x"), "400!"),
    ("only a colon", get(b":"), "400!"),
    ("a folded line", get(b"X: a\r\n b"), "400!"),
    ("a folded line with a tab", get(b"X: a\r\n\tb"), "400!"),
    ("a folded line of Transfer-Encoding", post(CHUNKS, b"Transfer-Encoding:\r\n chunked"), "400!"),
    ("a folded line of Content-Length", post(JSON, b"Content-Length:\r\n 13"), "400!"),
    ("a line of spaces", get(b"  "), "400!"),
    ("NUL in a name", get(b"X\0: x"), "400!"),
    ("NUL in a value", get(b"X: \0"), "400!"),
    ("a bell in a value", get(b"X: \x07"), "400!"),
    ("DEL in a value", get(b"X: \x7f"), "400!"),
    ("an escape in a value", get(b"X: \x1b[0m"), "400!"),
    ("a bare CR in a value", get(b"X: a\rb"), "400!"),
    ("a bare CR in a value that looks like a field", get(b"X: a\rContent-Length: 3"), "400!"),
    ("a bare CR at the end of a value", get(b"X: a\r"), "400!"),
    ("a bare LF in a value", get(b"X: a\nb"), "400!"),
    ("a bare LF as line end", get()[:-2] + b"X: x\n\r\n", "400!"),
    ("bare LFs as line ends", b"GET /health HTTP/1.1\nHost: a\n\n", "400!"),
    ("a bare LF as the end of the head", get()[:-2] + b"\n", "400!"),
    ("a bare CR as the end of the head", get()[:-2] + b"\rx", "400!"),
    ("LF CR as line end", get()[:-2] + b"X: x\n\r\r\n", "400!"),
    ("a parenthesis in a name", get(b"X(: x"), "400!"),
    ("a slash in a name", get(b"X/Y: x"), "400!"),
    ("an equals sign in a name", get(b"X=Y: x"), "400!"),
    ("a bracket in a name", get(b"X[0]: x"), "400!"),
    ("a quote in a name", get(b'"X": x'), "400!"),
    ("an @ in a name", get(b"X@: x"), "400!"),
    ("an 8-bit character in a name", get(b"X\xe9: x"), "400!"),
    ("a second request line", get(b"GET /nowhere HTTP/1.1"), "400!"),
]

_CASES["RFC 9110, 5.5: space around values"] = [
    (f"{name} {what}", get(field % (before, after), line=b"GET /api/ada HTTP/1.1"), status)
    for what, field, status in [
        ("with a good token", b"Authorization:%sBearer TOKEN%s", "200"),
        ("with two spaces in a good token", b"Authorization:%sBearer  TOKEN%s", "200"),
        ("with five spaces in a good token", b"Authorization:%sBearer     TOKEN%s", "200"),
        ("with another scheme", b"Authorization:%sBasic TOKEN%s", "401"),
    ]
    for name, before, after in [
        ("none", b"", b""),
        ("one space", b" ", b""),
        ("space behind", b" ", b" "),
        ("tabs", b"\t", b"\t"),
        ("many", b" \t \t", b"\t \t "),
    ]
]

_CASES["RFC 9112, 6.2 and RFC 9110, 8.6: Content-Length"] = [
    ("the usual", sized(JSON), "201"),
    ("leading zeros", sized(JSON, length=b"000013"), "201"),
    ("many leading zeros", sized(JSON, length=b"0" * 100 + b"13"), "201"),
    ("0", sized(b"", length=b"0"), "400"),
    ("none", post(b""), "400"),
    ("spaces around", sized(JSON, length=b"  13\t "), "201"),
    *((f"malformed: {v.decode('latin-1')!r}", sized(JSON, length=v), "400!") for v in (
        *(b"+13", b"-13", b"-0", b"0x0d", b"0xd", b"13.0", b"1e1", b"13a", b"a", b"", b" ", b"13;", b"1_3", b"1 3"),
        *(b'"13"', b"13,", b",13", b"13, 13", b"13,13", b"13, 14", b"0, 13", b"\xb2", b"13\x0b", b"\x0c13", b"NaN"),
        *(b"13 13", b"0o15", b"=13", b"13\xa0"),
    )),
    ("twice", sized(JSON, b"Content-Length: 13"), "400!"),
    ("twice, different", sized(JSON, b"Content-Length: 14"), "400!"),
    ("twice, and one is 0", sized(JSON, b"Content-Length: 0"), "400!"),
    ("twice, and one is malformed", sized(JSON, b"Content-Length: x"), "400!"),
    ("twice, in another case", sized(JSON, b"content-length: 13"), "400!"),
    ("larger than the contract allows", sized(b"", length=b"1000000"), "413?"),
    ("larger than any body", sized(b"", length=b"999999999999999999"), "413?"),
    ("larger than 64 bits", sized(b"", length=b"18446744073709551616"), "413!"),
    ("64 bits and the rest", sized(JSON, length=b"18446744073709551629"), "413!"),
    ("5000 digits", sized(b"", length=b"9" * 5000), "413!"),
    ("a request as body", sized(INNER), "400"),
    ("a request after the body", sized(JSON) + get(), "201 200"),
    ("a request in the body of GET", get(b"Content-Length: 41") + INNER, "200"),
    ("a body of GET", get(b"Content-Length: 3") + b"abc" + get(), "200 200"),
    ("a body of an unknown path", get(b"Content-Length: 41", line=b"POST /x HTTP/1.1") + INNER, "404"),
    ("a body without token", get(b"Content-Length: 41", line=b"POST /api/ada/tasks HTTP/1.1") + INNER, "401"),
    ("a body of a HEAD", get(b"Content-Length: 41", line=b"HEAD /health HTTP/1.1") + INNER, "200"),
    ("a body of OPTIONS", get(b"Content-Length: 41", line=b"OPTIONS /health HTTP/1.1") + INNER, "204"),
    ("a body of another method", get(b"Content-Length: 41", line=b"DELETE /health HTTP/1.1") + INNER, "405"),
    ("a body in HTTP/1.0", post(JSON, b"Content-Length: 13", version=b"1.0"), "201!"),
    ("more than the body in HTTP/1.0", post(JSON, b"Content-Length: 13", version=b"1.0") + get(), "201!"),
]  # fmt: skip

# 501 for a coding that we do not know (6.1), 400 where the framing is in doubt (6.3).
_CASES["RFC 9112, 6.1 and 6.3: Transfer-Encoding"] = [
    ("the usual", chunked(CHUNKS), "201"),
    ("in another case", post(CHUNKS, b"transfer-encoding: CHUNKED"), "201"),
    ("with spaces around", post(CHUNKS, b"Transfer-Encoding: \t chunked \t"), "201"),
    ("with Content-Length", chunked(CHUNKS, b"Content-Length: 23"), "400!"),
    ("with Content-Length 0", chunked(CHUNKS, b"Content-Length: 0"), "400!"),
    ("after Content-Length", sized(CHUNKS, b"Transfer-Encoding: chunked"), "400!"),
    ("with a malformed Content-Length", chunked(CHUNKS, b"Content-Length: x"), "400!"),
    ("with Content-Length, and a request", sized(b"0\r\n\r\n" + INNER, b"Transfer-Encoding: chunked"), "400!"),
    ("an unknown coding with Content-Length", sized(JSON, b"Transfer-Encoding: x"), "400/501!"),
    ("in HTTP/1.0", post(CHUNKS, b"Transfer-Encoding: chunked", version=b"1.0"), "400!"),
    ("twice", chunked(CHUNKS, b"Transfer-Encoding: chunked"), "400!"),
    ("twice, once identity", chunked(CHUNKS, b"Transfer-Encoding: identity"), "400/501!"),
    ("twice, first identity", post(CHUNKS, b"Transfer-Encoding: identity", b"Transfer-Encoding: chunked"), "400/501!"),
    *((f"unknown: {v.decode()}", post(CHUNKS, b"Transfer-Encoding: " + v), "501!") for v in (
        *(b"gzip", b"deflate", b"compress", b"identity", b"br", b"xchunked", b"chunkedx", b"x-chunked", b"chunke"),
        *(b"gzip, chunked", b"identity, chunked", b"gzip;q=1, chunked", b"cow", b"chunked-", b"Chunked_"),
    )),
    *((f"malformed: {v.decode('latin-1')!r}", post(CHUNKS, b"Transfer-Encoding: " + v), "400!") for v in (
        *(b"chunked, chunked", b"chunked,chunked", b"chunked, gzip", b"chunked, identity", b"", b",", b"chunked,"),
        *(b",chunked", b", chunked", b"\x0bchunked", b"chunked\x0b", b"\0chunked", b'"chunked"', b"chunked;q=1"),
        *(b"chunked foo", b"chunked;", b"'chunked' x", b"chunk ed", b"[chunked]", b"chunked\x00", b"\xa0chunked"),
        b"chunked\x85",
    )),
    ("another name", post(JSON, b"Content-Length: 13", b"Transfer_Encoding: chunked"), "201"),
    ("another header", post(JSON, b"Content-Length: 13", b"X-Transfer-Encoding: chunked"), "201"),
    ("TE is another header", post(JSON, b"Content-Length: 13", b"TE: trailers, chunked"), "201"),
    ("of GET", get(b"Transfer-Encoding: chunked") + b"0\r\n\r\n", "200"),
    ("of GET, with a request", get(b"Transfer-Encoding: chunked") + b"29\r\n" + INNER + b"\r\n0\r\n\r\n", "200"),
    ("an unknown coding of GET", get(b"Transfer-Encoding: gzip") + INNER, "501!"),
]  # fmt: skip

_CASES["RFC 9112, 7.1: chunks"] = [
    ("several", chunked(b"1\r\n{\r\nc\r\n" + JSON[1:] + b"\r\n0\r\n\r\n"), "201"),
    ("of one byte each", chunked(b"".join(b"1\r\n%c\r\n" % byte for byte in JSON) + b"0\r\n\r\n"), "201"),
    ("sizes in upper case", chunked(b"D" + CHUNKS[1:]), "201"),
    ("sizes with leading zeros", chunked(b"0000d" + CHUNKS[1:]), "201"),
    ("sizes with many leading zeros", chunked(b"0" * 100 + CHUNKS), "201"),
    ("a last chunk of several zeros", chunked(CHUNKS.replace(b"\r\n0\r\n", b"\r\n000\r\n")), "201"),
    ("a request after", chunked(CHUNKS) + get(), "201 200"),
    ("no chunk but the last", chunked(b"0\r\n\r\n"), "400"),
    *((f"malformed size: {v.decode('latin-1')!r}", chunked(v + CHUNKS[1:]), "400!") for v in (
        *(b"0xd", b"0Xd", b"xd", b"+d", b"-d", b" d", b"\td", b"d ", b"d\t", b"d_", b"0_d", b"_d", b"dh", b"d.0", b""),
        *(b"\0d", b"d\0", b"d,", b"d\x0b", b"\x0cd", b"g", b"\r\nd", b"\nd", b"\xb2", b"d d", b"#d", b"'d'", b"1e1,"),
    )),
    ("a size of 16 digits", chunked(b"ffffffffffffffff\r\n"), "413!"),
    ("a size of 17 digits", chunked(b"1000000000000000d" + CHUNKS[1:]), "413!"),
    ("a size of 33 digits", chunked(b"10000000000000000000000000000000d" + CHUNKS[1:]), "413!"),
    ("a size of 4000 digits", chunked(b"f" * 4000 + b"\r\n"), "413!"),
    ("a size of 5000 digits", chunked(b"0" * 5000 + CHUNKS), "413!"),
    ("a size that ends with LF", chunked(b"d\n" + JSON + b"\r\n0\r\n\r\n"), "400!"),
    ("a size that ends with CR", chunked(b"d\r" + JSON + b"\r\n0\r\n\r\n"), "400!"),
    ("a size that ends with CR CR LF", chunked(b"d\r\r\n" + JSON + b"\r\n0\r\n\r\n"), "400!"),
    ("data that ends with LF", chunked(b"d\r\n" + JSON + b"\n0\r\n\r\n"), "400!"),
    ("data that ends with CR", chunked(b"d\r\n" + JSON + b"\r0\r\n\r\n"), "400!"),
    ("data without an end", chunked(b"d\r\n" + JSON + b"0\r\n\r\n"), "400!"),
    ("data that is too long", chunked(b"c\r\n" + JSON + b"\r\n0\r\n\r\n"), "400!"),
    ("data that is too short", chunked(b"e\r\n" + JSON + b"\r\n0\r\n\r\n"), "400!"),
    ("two bytes too many", chunked(b"d\r\n" + JSON + b"XX0\r\n\r\n"), "400!"),
    ("a last chunk that ends with LF", chunked(b"d\r\n" + JSON + b"\r\n0\n\r\n"), "400!"),
    ("an end of LF", chunked(b"d\r\n" + JSON + b"\r\n0\r\n\n" + INNER), "400!"),
    ("an end of CR", chunked(b"d\r\n" + JSON + b"\r\n0\r\n\rX" + INNER), "400!"),
    ("no CR LF after the last chunk", chunked(b"d\r\n" + JSON + b"\r\n0\r\n" + INNER), "400!"),
    ("a size without CR LF and a request", chunked(b"0" + INNER), "400!"),
]  # fmt: skip

_CASES["RFC 9112, 7.1.1: chunk extensions"] = [
    *((f"valid: {v.decode('latin-1')!r}", chunked(b"d" + v + CHUNKS[1:]), "201") for v in (
        *(b";a", b";a=b", b";a=b;c=d", b';a="b"', b';a="b;c"', b';a="\\""', b" ; a = b", b"\t;\ta", b';a=""'),
        *(b';a="\xe9"', b";a" * 100, b';a="x y\tz"', b';a="\\\\"'),
    )),
    *((f"malformed: {v.decode('latin-1')!r}", chunked(b"d" + v + CHUNKS[1:]), "400!") for v in (
        *(b";", b";;a", b";=b", b";a=", b";a;", b'; "a"', b";a b", b"h", b';a="b', b';a="b"c', b";a=b=c", b"; ", b",a"),
        *(b";\0", b";a\0", b";a=\0", b";a\x0b", b";\rx", b";a\r", b';a="\x7f"', b";a=(b)", b'="b"', b";a\xe9"),
        *(b";a\n", b";a\nX", b';a="\n"', b';a="\r\n"', b";\n", b";a\n0\r\n\r\n"),
    )),
    ("a bare LF and a request", chunked(b"2;\nxx\r\n29\r\n0\r\n\r\n" + INNER), "400!"),
    ("of the last chunk", chunked(CHUNKS.replace(b"\r\n0\r\n", b"\r\n0;a=b\r\n")), "201"),
    ("a bare LF in that of the last chunk", chunked(b"d\r\n" + JSON + b"\r\n0;a\n\r\n" + INNER), "400!"),
    ("of 4000 bytes", chunked(b"d;a=" + b"x" * 4000 + CHUNKS[1:]), "201"),
    ("of 5000 bytes", chunked(b"d;a=" + b"x" * 5000 + CHUNKS[1:]), "413!"),
    ("of 5000 bytes and no end", chunked(b"d;a=" + b"x" * 5000), "413!"),
]  # fmt: skip

_CASES["RFC 9112, 7.1.2 and RFC 9110, 6.5: trailers"] = [
    ("one", chunked(CHUNKS[:-2] + b"X: x\r\n\r\n"), "201"),
    ("several", chunked(CHUNKS[:-2] + b"X: x\r\nY: y\r\n\r\n"), "201"),
    ("a token is ignored", get(b"Transfer-Encoding: chunked", line=b"GET /api/ada HTTP/1.1")
     + b"0\r\nAuthorization: Bearer TOKEN\r\n\r\n", "401"),
    ("a request after", chunked(CHUNKS[:-2] + b"X: x\r\n\r\n") + get(), "201 200"),
    ("Content-Length", chunked(CHUNKS[:-2] + b"Content-Length: 41\r\n\r\n") + INNER, "201 404"),
    ("Transfer-Encoding", chunked(CHUNKS[:-2] + b"Transfer-Encoding: chunked\r\n\r\n") + get(), "201 200"),
    ("Host", chunked(CHUNKS[:-2] + b"Host: b\r\n\r\n"), "201"),
    ("Content-Type", post(CHUNKS[:-2] + b"Content-Type: text/plain\r\n\r\n", b"Transfer-Encoding: chunked"), "201"),
    ("Connection: close", chunked(CHUNKS[:-2] + b"Connection: close\r\n\r\n"), "201"),
    ("Expect", chunked(CHUNKS[:-2] + b"Expect: x\r\n\r\n"), "201"),
    ("without colon", chunked(CHUNKS[:-2] + b"bad trailer\r\n\r\n"), "400!"),
    ("a space in front of the colon", chunked(CHUNKS[:-2] + b"X : x\r\n\r\n"), "400!"),
    ("a folded line", chunked(CHUNKS[:-2] + b"X: x\r\n y\r\n\r\n"), "400!"),
    ("NUL", chunked(CHUNKS[:-2] + b"X: \0\r\n\r\n"), "400!"),
    ("a bare LF", chunked(CHUNKS[:-2] + b"X: x\n\r\n"), "400!"),
    ("a bare CR", chunked(CHUNKS[:-2] + b"X: x\ry\r\n\r\n"), "400!"),
    ("a request", chunked(CHUNKS[:-2] + INNER), "400!"),
    ("256", chunked(CHUNKS[:-2] + b"X: x\r\n" * 256 + b"\r\n"), "201"),
    ("257", chunked(CHUNKS[:-2] + b"X: x\r\n" * 257 + b"\r\n"), "431!"),
    ("more than a head may have", chunked(CHUNKS[:-2] + b"X: " + b"x" * LIMIT + b"\r\n\r\n"), "431!"),
]  # fmt: skip

_CASES["RFC 9110, 7.8: Upgrade"] = [
    *(
        (f"{protocol.decode()}, {name}", data, expected)
        for protocol in (b"h2c", b"websocket", b"TLS/1.0", b"foo", b"h2c, foo", b"")
        for fields in [(b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: " + protocol, b"HTTP2-Settings: AAMA")]
        for name, data, expected in [
            ("no body", get(*fields), "200"),
            ("no body and a request after", get(*fields) + get(), "200 200"),
            ("a body", sized(JSON, *fields), "201"),
            ("a request as body", sized(INNER, *fields), "400"),
            ("a request as body of GET", get(b"Content-Length: 41", *fields) + INNER, "200"),
            ("a body and a request after", sized(JSON, *fields) + get(), "201 200"),
            ("chunks and a request after", chunked(CHUNKS, *fields) + get(), "201 200"),
            ("chunks with a request", chunked(b"29\r\n" + INNER + b"\r\n0\r\n\r\n", *fields), "400"),
        ]
    ),
    ("a handshake of WebSocket", get(b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13",
                                     b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="), "200"),
    ("in HTTP/1.0", post(JSON, b"Connection: Upgrade", b"Upgrade: h2c", b"Content-Length: 13", version=b"1.0"), "201!"),
    ("with Connection: close", sized(JSON, b"Connection: close, Upgrade", b"Upgrade: h2c"), "201!"),
    ("with Content-Length and chunked", chunked(CHUNKS, b"Content-Length: 9", b"Connection: Upgrade", b"Upgrade: x"), "400!"),
    ("followed by HTTP/2", get(b"Connection: Upgrade", b"Upgrade: h2c") + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "200 400/505!"),
]  # fmt: skip

# An unknown expectation may be ignored or rejected; we reject it.
_CASES["RFC 9110, 10.1.1: Expect"] = [
    ("100-continue, and the body is there", sized(JSON, b"Expect: 100-continue"), "201"),
    ("100-continue, in another case", sized(JSON, b"expect: 100-CONTINUE"), "201"),
    ("100-continue in HTTP/1.0", post(JSON, b"Content-Length: 13", b"Expect: 100-continue", version=b"1.0"), "201!"),
    ("100-continue without body", get(b"Expect: 100-continue"), "200"),
    ("100-continue with chunks", chunked(CHUNKS, b"Expect: 100-continue"), "201"),
    ("100-continue, and the body waits", sized(b"", b"Expect: 100-continue", length=b"13"), "100"),
    ("100-continue, and chunks wait", chunked(b"", b"Expect: 100-continue"), "100"),
    ("100-continue, and the body waits without token", get(
        b"Expect: 100-continue", b"Content-Length: 41", line=b"POST /api/ada/tasks HTTP/1.1"), "401!"),
    ("100-continue, and the body is too large", sized(b"", b"Expect: 100-continue", length=b"1000000"), "413!"),
    ("100-continue in HTTP/1.0, and the body waits", post(
        b"", b"Content-Length: 13", b"Expect: 100-continue", version=b"1.0"), "-"),
    ("an unknown one", get(b"Expect: x"), "200/417!"),
    ("with an unknown one", sized(JSON, b"Expect: 100-continue, x"), "201/417!"),
    ("an unknown one in HTTP/1.0", get(b"Expect: x", line=b"GET /health HTTP/1.0"), "200!"),
    ("an empty one", get(b"Expect:"), "200"),
]  # fmt: skip

_CASES["RFC 9110, 14.5: Content-Range of PUT"] = [
    (name, post(JSON, b"Content-Length: 13", *fields, method=method), expected)
    for name, method, fields, expected in [
        ("bytes", b"PUT", [b"Content-Range: bytes 0-12/13"], "400"),
        ("of unknown length", b"PUT", [b"Content-Range: bytes 0-12/*"], "400"),
        ("another unit", b"PUT", [b"Content-Range: x 1-2/3"], "400"),
        ("malformed", b"PUT", [b"Content-Range: x"], "400"),
        ("none", b"PUT", [], "200"),
        ("of POST is ignored", b"POST", [b"Content-Range: bytes 0-12/13"], "201"),
    ]
]

_CASES["RFC 9112, 9.3: persistence and pipelining"] = [
    ("two", get() * 2, "200 200"),
    ("two with an empty line between", get() + b"\r\n" + get(), "200 200"),
    ("a body and a request", sized(JSON) + sized(JSON) + get(), "201 201 200"),
    ("HEAD followed by another request", get(line=b"HEAD /health HTTP/1.1") * 2, "200 200"),
    ("Connection: close", get(b"Connection: close"), "200!"),
    ("Connection: close, in another case", get(b"connection: CLOSE"), "200!"),
    ("Connection: close among others", get(b"Connection: keep-alive , close"), "200!"),
    ("Connection: close on a second line", get(b"Connection: x", b"Connection: close"), "200!"),
    ("Connection: keep-alive", get(b"Connection: keep-alive"), "200"),
    ("Connection: closed is not close", get(b"Connection: closed"), "200"),
    ("nothing is read after Connection: close", get(b"Connection: close") + get(), "200!"),
    ("nothing is read after HTTP/1.0", get(line=b"GET /health HTTP/1.0") + get(), "200!"),
    ("malformed bytes after a request", get() + b"\0", "200 400!"),
    ("malformed bytes after a body", sized(JSON) + b"{}\r\n", "201 400!"),
    ("a body longer than its Content-Length", sized(JSON + b"X", length=b"13") + get(), "201 405"),
    ("an error and a request", get(host=None) + get(), "400!"),
    ("an error of the engine and a request", get(line=b"GET /nowhere HTTP/1.1") + get(), "404 200"),
    ("an error with an unread body and a request", get(
        b"Content-Length: 41", line=b"POST /nowhere HTTP/1.1") + INNER + get(), "404 200"),
    ("an error with unread chunks and a request", get(
        b"Transfer-Encoding: chunked", line=b"POST /nowhere HTTP/1.1")
        + b"29\r\n" + INNER + b"\r\n0\r\n\r\n" + get(), "404 200"),
    ("304 and a request", get(b"If-None-Match: *", line=b"GET /openapi.json HTTP/1.1") + get(), "304/200 200"),
    ("204 and a request", get(line=b"OPTIONS /health HTTP/1.1") + get(), "204 200"),
]  # fmt: skip

CASES = [
    Case(section, name, data, expected) for section, cases in _CASES.items() for name, data, expected in cases
]
