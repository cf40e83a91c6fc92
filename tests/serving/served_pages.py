"""What tests of pages for the browser share: a server, and runs to show."""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from evosynth.reports import Section
from evosynth.runs import RunFolder
from evosynth.serving import RunsServer
from evosynth.serving.addresses import run_address

# Bounds for what ends by itself; reached only by a failure.
PATIENT = 60.0
needs_posix = pytest.mark.skipif(os.name == "nt", reason="needs signals, links and limits")


class Served:
    """A server in a thread, and what it tells."""

    def __init__(self, folder: Path) -> None:
        self.told: list[str] = []
        self.server = RunsServer(folder, 0, self.told.append)
        self.port = self.server.server_port
        self.host = f"127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))

    def __enter__(self) -> Served:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.server.shutdown()
        self._thread.join()
        self.server.server_close()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENT)

    def ask(
        self, path: str | bytes = "/", method: str = "GET", host: str | None = None, **headers: str
    ) -> tuple[int, dict[str, str], str]:
        """Asks as it stands, with nothing normalised; returns status, headers and body."""
        target = path if isinstance(path, bytes) else path.encode()
        lines = {"Host": host or self.host} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items()).encode()
        return self.send(method.encode() + b" " + target + b" HTTP/1.1\r\n" + head + b"\r\n")

    def send(self, request: bytes) -> tuple[int, dict[str, str], str]:
        with self.connect() as connection:
            connection.sendall(request)
            return answer(received(connection))

    def page(self, name: str = "") -> str:
        status, _, body = self.ask(f"/{run_address(name) if name else ''}")
        assert status == 200
        return body

    @contextmanager
    def stream(self, path: str, **headers: str) -> Iterator[Events]:
        with self.connect() as connection:
            extra = "".join(f"{k.replace('_', '-')}: {v}\r\n" for k, v in headers.items())
            head = f"GET {path} HTTP/1.1\r\nHost: {self.host}\r\n{extra}\r\n"
            connection.sendall(head.encode())
            with connection.makefile("rb") as lines:
                yield Events(lines)


class Events:
    """What a stream says."""

    def __init__(self, lines: object) -> None:
        self._lines = lines
        self.status = int(self._line().split()[1])
        while self._line():
            pass

    def __iter__(self) -> Iterator[tuple[str, dict[str, str], str]]:
        """Yields kind, data and mark of events to the end of the stream."""
        fields: dict[str, str] = {}
        while (line := self._line()) is not None:
            if line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "event" in fields:
                yield fields["event"], json.loads(fields["data"]), fields["id"]
                fields = {}

    def until(self, is_it: Callable[[str, dict[str, str]], bool]) -> str:
        """Reads on until an event; returns its mark."""
        until = time.monotonic() + PATIENT
        for kind, data, mark in self:
            if is_it(kind, data):
                return mark
            assert time.monotonic() < until
        raise AssertionError("the stream ended")

    def _line(self) -> str | None:
        line = self._lines.readline()  # type: ignore[attr-defined]
        return line.decode().rstrip("\r\n") if line else None


def received(connection: socket.socket) -> bytes:
    """Returns all that comes before the end."""
    blocks = []
    try:
        while block := connection.recv(1 << 16):
            blocks.append(block)
    except ConnectionError:  # the end came before all was read that we sent
        pass
    return b"".join(blocks)


def answer(data: bytes) -> tuple[int, dict[str, str], str]:
    head, _, body = data.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert len(headers) == len(lines), "a header twice"
    return int(status.split()[1]), headers, body.decode()


def unfinished(run: Path) -> None:
    """Makes a run one that goes on and has found nothing."""
    configuration = json.loads((run / "run.json").read_text())
    del configuration["result"]
    RunFolder(run).write_configuration(configuration)
    for name in ("best.json", "front.json", "log.jsonl"):
        (run / name).unlink(missing_ok=True)
    RunFolder(run).start_log()


def wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENT
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.02)


def body_of(page: str, section: str) -> str:
    """Returns what is in a section of a page."""
    found = re.search(rf'<section id="{section}".*?</section>', page, re.DOTALL)
    assert found is not None
    return found.group()


def is_section(name: str, text: str = "") -> Callable[[str, dict[str, str]], bool]:
    return lambda kind, data: (
        kind == "section" and data["name"] == name and text in (data["html"] or "")
    )


@contextmanager
def failing(*sections: Section, message: str = "") -> Iterator[None]:
    """Lets sections fail as nobody expected, until the block ends."""

    def fail(story: object) -> None:
        raise ZeroDivisionError(message)

    before = [section.write for section in sections]
    for section in sections:
        object.__setattr__(section, "write", fail)
    try:
        yield
    finally:
        for section, write in zip(sections, before, strict=True):
            object.__setattr__(section, "write", write)
