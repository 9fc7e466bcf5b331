"""OpenTelemetry traces, in a process with the SDK and an in-memory exporter."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.copies import import_path

PROGRAM = """
import asyncio, json, os, sys
import httpx
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from impl.app import create_app

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)

async def main(requests):
    transport = httpx.ASGITransport(app=create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for method, path in requests:
            response = await client.request(method, path, headers={"X-Request-ID": "mine", "traceparent":
                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"})
            assert response.headers["x-request-id"] == "mine"

found = []
for os.environ["TRACES"], requests in json.loads(sys.argv[1]):
    exporter.clear()
    asyncio.run(main(requests))
    found.append([
        [span.name, format(span.context.trace_id, "032x"), dict(span.attributes)]
        for span in exporter.get_finished_spans()
    ])
print(json.dumps(found))
"""


REQUESTS = (
    ("GET", "/health"),
    ("GET", "/api/ada/tasks?priority=hunter2"),
    ("DELETE", "/api/ada/tasks/1"),
    ("POST", "/health"),
    ("GET", "/hunter?token=hunter2"),
)

Spans = list[tuple[str, str, dict[str, Any]]]


@pytest.fixture(scope="module")
def spans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Spans]:
    """The spans of the requests, by the value of TRACES."""
    settings = ("true", "false", "")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROGRAM, json.dumps([(value, REQUESTS) for value in settings])],
        env={
            "PYTHONPATH": import_path(Path(__file__).parents[2]),
            # These settings are enough for error responses, which need no database.
            "MOCK": "all",
            "BETTER_AUTH_SECRET": "traces:0123456789abcdefghijklmnop",
            "ACCESS_LOG": "false",
        },
        cwd=tmp_path_factory.mktemp("traces"),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return dict(zip(settings, json.loads(done.stdout), strict=True))


def test_a_span_has_its_operation_name_and_the_callers_trace(spans: dict[str, Spans]) -> None:
    found = spans["true"]
    assert {trace_id for _, trace_id, _ in found} == {"0af7651916cd43dd8448eb211c80319c"}
    compared = ("http.route", "openapi.operation_id", "http.response.status_code")
    assert [(name, *map(attributes.get, compared)) for name, _, attributes in found] == [
        ("GET /health", "/health", "getHealth", 200),
        ("GET /api/{user_id}/tasks", "/api/{user_id}/tasks", "listTasks", 401),
        ("DELETE /api/{user_id}/tasks/{task_id}", "/api/{user_id}/tasks/{task_id}", "deleteTask", 401),
        ("POST", None, None, 405),
        ("GET", None, None, 404),
    ]
    assert {tuple(attributes["http.response.header.x-request-id"]) for *_, attributes in found} == {("mine",)}
    assert "hunter2" not in json.dumps(found)


@pytest.mark.parametrize("traces", ["false", ""])
def test_without_the_setting_there_are_no_traces(spans: dict[str, Spans], traces: str) -> None:
    assert spans[traces] == []
