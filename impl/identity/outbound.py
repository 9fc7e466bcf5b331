"""Outbound HTTP configuration: the proxy and the CA certificates that the environment names.

httpx reads the environment too, but it fails on NO_PROXY with [::1] or fd00::/8, treats 10.0.0.0/8 as a host
name, and reports unusable values with a traceback.
"""

from __future__ import annotations

import os
import re
import ssl
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

import httpx

from impl.settings import SettingsError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_ENTRY = re.compile(r"(?:\[(?P<ipv6>[^\]]*)\]|(?P<name>[^:]*))(?::(?P<port>\d+))?")


def proxy_and_certificates(url: str) -> tuple[httpx.Proxy | None, ssl.SSLContext]:
    """Return the arguments of httpx.AsyncClient for requests to this URL. Raises SettingsError."""
    certificates, proxy = _certificates(), _proxy(url)
    if proxy is None:
        return None, certificates
    return httpx.Proxy(proxy, ssl_context=certificates if proxy.startswith("https") else None), certificates


def _proxy(url: str) -> str | None:
    scheme, host = urlsplit(url).scheme, urlsplit(url).hostname or ""
    name, value = _first_set(f"{scheme}_proxy", "all_proxy")
    if not value or _is_exempt(host, urlsplit(url).port or _DEFAULT_PORTS[scheme]):
        return None
    value = value if "://" in value else f"http://{value}"
    remedy = f"unset it, or add {host} to NO_PROXY, if the login service is reached without a proxy"
    try:
        proxy = httpx.URL(value)
        usable = proxy.scheme in _DEFAULT_PORTS and bool(proxy.host) and proxy.port != 0
    except (httpx.InvalidURL, ValueError):
        raise SettingsError(f"{name} is not the URL of a proxy, such as http://HOST:PORT; {remedy}") from None
    if not usable:
        raise SettingsError(f"{name} must be the URL of an http:// or https:// proxy; {remedy}")
    return str(proxy)


def _first_set(*names: str) -> tuple[str, str]:
    for name in names:
        for spelled in (name, name.upper()):
            if value := os.environ.get(spelled):
                return spelled, value
    return "", ""


def _is_exempt(host: str, port: int) -> bool:
    """Return whether NO_PROXY exempts the host: as an address, a network, or a domain with its subdomains."""
    _, value = _first_set("no_proxy")
    entries = (entry.strip() for entry in value.lower().split(","))
    return any(_covers(entry, host, port) for entry in entries if entry)


def _covers(entry: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    if match := _ENTRY.fullmatch(entry):
        if match["port"] and int(match["port"]) != port:
            return False
        entry = match["ipv6"] or match["name"] or ""
    try:
        return ip_address(host) in ip_network(entry, strict=False)
    except ValueError:
        domain = entry.removeprefix("*").removeprefix(".")
        return bool(domain) and f".{host}".endswith(f".{domain}")


def _certificates() -> ssl.SSLContext:
    """Load the CA certificates of SSL_CERT_FILE or SSL_CERT_DIR, or else those of certifi."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        path = os.environ.get(name)
        if not path:
            continue
        try:
            if name == "SSL_CERT_DIR":
                # OpenSSL would find no certificates there, and would report that only at each connection.
                for folder in path.split(os.pathsep):
                    os.scandir(folder).close()
                return ssl.create_default_context(capath=path)
            return ssl.create_default_context(cafile=path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise SettingsError(f"{name} names {path}, which cannot be used: {reason}; {_REMEDY}") from None
    return httpx.create_ssl_context(trust_env=False)


_REMEDY = "unset it, or set it to CA certificates in PEM format"
