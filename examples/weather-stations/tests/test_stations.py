"""The stations and measurements, over real connections: streams cannot be tested without."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
import uvicorn

from app import create_app

PNG, JPEG = b"\x89PNG\r\n\x1a\nphoto", b"\xff\xd8\xff photo"
CSV = "time,temperature\n2026-05-04T07:00:00Z,9\n2026-05-04T06:00:00+00:00,11.5\n"
KEY = {"X-Station-Key": "try-me"}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(), log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        server.should_exit = True
        thread.join()


@pytest.fixture
def client(server: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server, headers=KEY) as client:
        yield client


@pytest.fixture
def station(client: httpx.Client) -> str:
    """The path of a new station."""
    response = client.post("/stations", json={"name": "Harbour", "latitude": 54.32, "longitude": 10.13})
    assert response.status_code == 201
    path = f"/stations/{response.json()['id']}"
    assert response.headers["Location"] == f"/v1{path}"
    return path


@pytest.mark.parametrize("headers", [{}, {"X-Station-Key": "wrong"}])
def test_a_request_without_the_key_gets_401(server: str, headers: dict[str, str]) -> None:
    response = httpx.get(f"{server}/stations/1", headers=headers)
    assert response.status_code == 401
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["WWW-Authenticate"].startswith("ApiKey")
    assert response.json()["title"] == "Unauthorized"


def test_errors_are_problem_details(client: httpx.Client) -> None:
    missing = client.get("/stations/999999")
    assert missing.status_code == 404
    assert missing.headers["Content-Type"] == "application/problem+json"
    assert missing.json() == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "There is no station 999999",
    }
    invalid = client.post("/stations", json={"name": "", "latitude": 91, "longitude": 0})
    assert invalid.status_code == 422
    assert sorted(error["pointer"] for error in invalid.json()["errors"]) == ["#/latitude", "#/name"]


@pytest.mark.parametrize(("content", "media_type"), [(PNG, "image/png"), (JPEG, "image/jpeg")])
def test_a_photo_comes_back_as_it_was_uploaded(
    client: httpx.Client, station: str, content: bytes, media_type: str
) -> None:
    assert client.get(f"{station}/photo").status_code == 404
    uploaded = client.put(
        f"{station}/photo",
        files={"image": ("photo", content, media_type)},
        data={"photographer": "Ada"},
    )
    assert (uploaded.status_code, uploaded.content) == (204, b"")
    photo = client.get(f"{station}/photo")
    assert (photo.status_code, photo.headers["Content-Type"]) == (200, media_type)
    assert photo.content == content


def test_a_photo_of_another_type_gets_415(client: httpx.Client, station: str) -> None:
    response = client.put(f"{station}/photo", files={"image": ("photo.png", b"GIF89a", "image/png")})
    assert response.status_code == 415


def test_a_photo_above_the_limit_gets_413(client: httpx.Client, station: str) -> None:
    response = client.put(f"{station}/photo", files={"image": ("a.png", PNG + bytes(2**20), "image/png")})
    assert response.status_code == 413


def test_a_csv_import_can_be_exported_in_both_formats(client: httpx.Client, station: str) -> None:
    imported = client.post(f"{station}/measurements", content=CSV, headers={"Content-Type": "text/csv"})
    assert (imported.status_code, imported.json()) == (200, {"count": 2})
    station_id = int(station.rpartition("/")[2])
    as_json = client.get(f"{station}/measurements")
    assert as_json.headers["Content-Type"] == "application/json"
    assert as_json.json() == [
        {"station_id": station_id, "time": "2026-05-04T06:00:00Z", "temperature": 11.5},
        {"station_id": station_id, "time": "2026-05-04T07:00:00Z", "temperature": 9.0},
    ]
    as_csv = client.get(f"{station}/measurements", headers={"Accept": "text/csv"})
    assert as_csv.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert as_csv.text.splitlines() == [
        "station_id,time,temperature",
        f"{station_id},2026-05-04T06:00:00+00:00,11.5",
        f"{station_id},2026-05-04T07:00:00+00:00,9.0",
    ]


@pytest.mark.parametrize(
    "line", ["yesterday,9", "2026-05-04T07:00:00Z,101", "2026-05-04T07:00:00Z,nan", "1,2,3"]
)
def test_an_invalid_line_imports_nothing(client: httpx.Client, station: str, line: str) -> None:
    response = client.post(
        f"{station}/measurements", content=f"{CSV}{line}\n", headers={"Content-Type": "text/csv"}
    )
    assert response.status_code == 422
    assert response.json()["detail"] == "Line 4 is not a measurement"
    assert client.get(f"{station}/measurements").json() == []


def test_a_search_is_a_query_with_a_body(client: httpx.Client, station: str) -> None:
    client.post(f"{station}/measurements", content=CSV, headers={"Content-Type": "text/csv"})
    ids = [int(station.rpartition("/")[2])]

    def search(conditions: dict[str, object]) -> list[float]:
        response = client.request("QUERY", "/measurements", json=conditions)
        assert response.status_code == 200
        return [measurement["temperature"] for measurement in response.json()]

    assert search({"station_ids": ids}) == [11.5, 9.0]
    assert search({"station_ids": ids, "temperature_above": 10}) == [11.5]
    assert search({"station_ids": ids, "limit": 1}) == [11.5]


def test_a_new_measurement_arrives_as_an_event(client: httpx.Client, server: str, station: str) -> None:
    follow = {"wait": 60}
    with client.stream("GET", "/measurements/live", params=follow) as live:
        assert live.headers["Content-Type"].startswith("text/event-stream")
        measurement = {"time": "2026-05-04T06:00:00Z", "temperature": 11.5}
        httpx.post(f"{server}{station}/measurements", json=[measurement], headers=KEY).raise_for_status()
        lines = live.iter_lines()
        event = dict(next(lines).split(": ", 1) for _ in range(3))
    assert event["event"] == "measurement"
    assert '"temperature":11.5' in event["data"]
    missed = {"Last-Event-ID": str(int(event["id"]) - 1)}
    again = client.get("/measurements/live", params={"wait": 0}, headers=missed)
    assert again.text == f"event: measurement\nid: {event['id']}\ndata: {event['data']}\n\n"
