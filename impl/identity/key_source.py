"""Where a key set comes from: the authentication server, by HTTP."""

from __future__ import annotations

import asyncio

import httpx

from impl.identity.key_set import KeySetError
from impl.identity.outbound import proxy_and_certificates

# How long a fetch may take, from connecting to the last byte, and how long its answer may be.
FETCH_SECONDS = 2.0
MAX_BYTES = 65_536


class HttpKeySource:
    """Fetches a key set by HTTP: no redirect is followed and nothing is read beyond the limit."""

    def __init__(self, url: str, *, seconds: float = FETCH_SECONDS) -> None:
        self._url, self._seconds = url, seconds
        # One client for all fetches, since making one reads the certificates of all authorities. It keeps no
        # connection, which would be found closed after minutes without use.
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
            # Its text may have the address, with a password in it.
            raise KeySetError(type(error).__name__) from None

    async def _fetch(self) -> bytes:
        async with self._client.stream("GET", self._url) as response:
            if response.status_code != httpx.codes.OK:
                raise KeySetError(f"the status is {response.status_code}")
            if "content-encoding" in response.headers:
                raise KeySetError("the answer is compressed, which nobody asked for")
            data = b""
            async for chunk in response.aiter_raw():
                data += chunk
                if len(data) > MAX_BYTES:
                    raise KeySetError(f"the answer is longer than {MAX_BYTES} bytes")
        return data

    async def close(self) -> None:
        await self._client.aclose()
