"""The log names an origin that CORS refuses, once, since a browser hides the reason from the page."""

from __future__ import annotations

import logging

import httpx
import pytest
from contracts import serve
from specfirst.runtime.application import CORS


async def test_a_refused_origin_is_logged_once_with_the_remedy(caplog: pytest.LogCaptureFixture) -> None:
    app = serve("oddities", {}, shared=False).app
    app.add_middleware(CORS, allow_origins=["https://a.example"], remedy="set FRONTEND_URL")
    foreign = "http://b.example"
    transport = httpx.ASGITransport(app=app)
    with caplog.at_level(logging.WARNING, "specfirst"):
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            for origin in (foreign, foreign, "https://a.example", f"{'x' * 300}\n"):
                answer = await client.get("/nowhere", headers={"Origin": origin.strip()})
                allowed = answer.headers.get("access-control-allow-origin")
                assert allowed == (origin if origin == "https://a.example" else None)
            for number in range(100):
                await client.get("/nowhere", headers={"Origin": f"http://{number}.example"})
    first, second = caplog.messages[:2]
    assert first == (
        "CORS refuses the origin 'http://b.example', which is not among https://a.example; "
        "if it is yours, set FRONTEND_URL"
    )
    assert len(second) < 320
    assert len(caplog.messages) == 20
