"""Fetch a key set from the authentication server over HTTP."""

from __future__ import annotations

import asyncio

import httpx

from impl.identity.key_set import KeySetError
from impl.identity.outbound import proxy_and_certificates

# The timeout of a fetch, from connecting to the last byte, and the largest response.
FETCH_SECONDS = 2.0
MAX_BYTES = 65_536


class HttpKeySource:
    """Fetches a key set over HTTP, without following redirects or reading beyond the size limit."""

    def __init__(self, url: str, *, seconds: float = FETCH_SECONDS) -> None:
        self._url, self._seconds = url, seconds
        # One client for all fetches, since a new client loads all CA certificates. It keeps no connection
        # open: after minutes without use, the server would have closed it.
        proxy, certificates = proxy_and_certificates(url)
        self._client = httpx.AsyncClient(
            timeout=seconds,
            limits=httpx.Limits(max_keepalive_connections=0),
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            follow_redirects=False,
            proxy=proxy,
            verify=certificates,
            trust_env=False,
        )

    async def fetch(self) -> bytes:
        try:
            async with asyncio.timeout(self._seconds):
                return await self._fetch()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            # The error's text may contain the URL with a password.
            raise KeySetError(type(error).__name__) from None

    async def _fetch(self) -> bytes:
        async with self._client.stream("GET", self._url) as response:
            if response.status_code != httpx.codes.OK:
                raise KeySetError(f"the status is {response.status_code}")
            if "content-encoding" in response.headers:
                raise KeySetError("the response is compressed although the request did not allow it")
            data = b""
            async for chunk in response.aiter_raw():
                data += chunk
                if len(data) > MAX_BYTES:
                    raise KeySetError(f"the response is larger than {MAX_BYTES} bytes")
        return data

    async def close(self) -> None:
        await self._client.aclose()
