"""Pages for the browser are bounded in everything."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from served_pages import PATIENT, Served, is_section, needs_posix, received, wait_for

from evosynth.serving import RunsServer, exchange, live
from evosynth.serving import server as server_module
from evosynth.serving.addresses import Address


@contextmanager
def many_files(number: int) -> Iterator[int]:
    """Lets this process open so many files, or as many as it may."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = number + 300 if hard == resource.RLIM_INFINITY else min(hard, number + 300)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    try:
        yield min(number, most - 300)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@needs_posix
@pytest.mark.parametrize("is_silent", [False, True])
def test_a_thousand_connections_are_bounded(served: Served, is_silent: bool) -> None:
    request = b"" if is_silent else f"GET /events HTTP/1.1\r\nHost: {served.host}\r\n\r\n".encode()
    before = threading.active_count()
    with many_files(1000) as number, ExitStack() as stack:
        connections = []
        for _ in range(number):
            connections.append(stack.enter_context(served.connect()))
            connections[-1].sendall(request)
        assert threading.active_count() <= before + server_module.MOST_CONNECTIONS + live.HANDS
        assert "runs/good/" in served.page()
        if not is_silent:
            statuses = [first_status(connection) for connection in connections]
            assert statuses.count(200) == 64
            assert set(statuses) <= {200, 503, None}
    wait_for(lambda: served.ask("/events", "HEAD")[0] == 200)
    wait_for(lambda: is_stream_taken(served))


def first_status(connection: socket.socket) -> int | None:
    """Returns the status of an answer; None of a connection that was ended without."""
    try:
        data = connection.recv(12)
    except ConnectionError:
        return None
    return int(data.split()[1]) if data else None


def is_stream_taken(served: Served) -> bool:
    with served.stream("/events") as events:
        return events.status == 200


def test_too_many_streams_are_told_when_to_come_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "MOST_STREAMS", 1)
    with Served(folder) as served, served.stream("/events") as events:
        assert events.status == 200
        status, headers, _ = served.ask("/events")
        assert (status, int(headers["Retry-After"]) > 0) == (503, True)
        assert served.ask("/")[0] == 200


def test_readers_that_have_gone_give_their_stream_back(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "MOST_STREAMS", 1)
    monkeypatch.setattr(exchange, "HEARTBEAT", 1e9)
    with Served(folder) as served:
        with served.stream("/events") as events:
            # All that comes: a connection that ends with something unread ends otherwise.
            events.until(is_section("runs"))
        wait_for(lambda: is_stream_taken(served))


@pytest.mark.parametrize("sent", [b"", b"G", b"GET / HTTP/1.1\r\nHost: a\r\n"])
def test_slow_clients_are_dropped(
    served: Served, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(exchange, "SENDING", 0.2)
    with served.connect() as connection:
        connection.sendall(sent)
        assert received(connection) == b""


def test_clients_that_send_byte_by_byte_are_dropped(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "SENDING", 0.5)
    with served.connect() as connection:
        until = time.monotonic() + PATIENT
        is_open = True
        while is_open:
            assert time.monotonic() < until
            time.sleep(0.02)
            try:
                connection.sendall(b"a")
            except ConnectionError:
                is_open = False


def test_clients_that_do_not_read_are_dropped(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, "TAKING", 0.2)
    size = 1 << 26
    is_asked = threading.Event()

    def page(self: RunsServer, address: Address) -> bytes:
        is_asked.set()
        return b"a" * size

    monkeypatch.setattr(RunsServer, "page", page)
    with served.connect() as connection:
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {served.host}\r\n\r\n".encode())
        assert is_asked.wait(PATIENT)
        wait_for(lambda: served.server.places._free._value == server_module.MOST_CONNECTIONS)
        assert 0 < len(received(connection)) < size


def test_runs_that_were_looked_at_are_forgotten(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "MOST_RUNS", 2)
    for k in range(4):
        shutil.copytree(folder / "good", folder / f"run{k}")
    with Served(folder) as served:
        for k in range(4):
            served.page(f"run{k}")
        assert served.server._runs.names == ["run2", "run3"]
