from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.model.server import Server, running_server


@pytest.fixture(scope="session")
def server(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with running_server(database_url, tmp_path_factory.mktemp("server")) as server:
        yield server
