"""The server of pages: for this machine alone, reading only, with a bound for everything."""

from __future__ import annotations

import os
import secrets
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any, final

from dsl.errors import StorageError, UsageError
from evosynth.folder_report import printable
from evosynth.plugins.installed import load_installed
from evosynth.reports.page import NOWHERE, allowed, page_of, render
from evosynth.runs.folder import CONFIGURATION
from evosynth.serving.addresses import Address, events_address
from evosynth.serving.exchange import RETRY, Exchange, RefusedError
from evosynth.serving.live import Live, LiveParts
from evosynth.serving.live_runs import LiveRun, LiveRuns
from evosynth.serving.places import Places
from evosynth.serving.run_list import RunList

HOST, DEFAULT_PORT = "127.0.0.1", 8000
TEMPLATE = "runs.html.j2"
PAGE = f"{NOWHERE}; connect-src 'self'"
# At once: connections, streams among them, and runs whose sections are kept.
MOST_CONNECTIONS, MOST_STREAMS, MOST_RUNS = 128, 64, 32
# Seconds between two looks at the list, and until a page is sent with what is made by then.
LIST_INTERVAL, FIRST_WAIT = 1.0, 2.0
LONGEST_LINE, MOST_TOLD = 300, 1000
FULL = (
    "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\n"
    f"Content-Length: 0\r\nRetry-After: {RETRY}\r\nConnection: close\r\n\r\n"
).encode()


def serve(folder: str | os.PathLike[str] = "evosynth-runs", *, port: int = DEFAULT_PORT) -> None:
    """Shows the runs of a folder in the browser, live, until Ctrl-C.

    Only this machine can see the pages. The folder is only read.

    Args:
        folder: Of runs, or of one run; it may come into being later.
        port: Where the pages are: http://127.0.0.1:8000/; 0 takes a free one.

    Raises:
        UsageError: There is no such port, or a file is no folder.
        StorageError: The port cannot be used.
    """
    load_installed()
    with RunsServer(Path(folder), port) as server:
        for line in (server.url, *server.narration()):
            _say(line)
        with suppress(KeyboardInterrupt):
            server.serve_forever()


@final
class RunsServer(ThreadingHTTPServer):
    """Serves the pages of the runs in a folder; a context manager.

    Args:
        folder: Of runs, or of one run.
        port: Of 127.0.0.1; 0 takes a free one.
        tell: Takes a line of what went wrong.

    Attributes:
        folder: The folder.
        hosts: How browsers may call this server.
        places: Of connections.
        policy: The Content-Security-Policy of its pages.

    Raises:
        UsageError: There is no such port, or a file is no folder.
        StorageError: The port cannot be used.
    """

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = os.name != "nt"  # where it would mean to share the port
    request_queue_size = 128

    def __init__(
        self, folder: Path, port: int = DEFAULT_PORT, tell: Callable[[str], None] | None = None
    ) -> None:
        if type(port) is not int or not 0 <= port < 1 << 16:
            raise UsageError(f"expected a port from 0 to 65535, got {port!r}", "8000 is usual")
        self.folder = Path(os.path.realpath(folder))
        if self.folder.exists() and not self.folder.is_dir():
            shown = printable(str(folder))[:LONGEST_LINE]
            raise UsageError(f"expected a folder, got '{shown}'", "give a folder of runs, or a run")
        self.policy = f"{allowed(PAGE)}; frame-ancestors 'none'"
        self._say = tell if tell is not None else _say
        self._told: set[str] = set()
        self.places = Places(MOST_CONNECTIONS)
        self._streams = threading.BoundedSemaphore(MOST_STREAMS)
        self._guard = threading.Lock()
        self._revisions = count(1)
        self._session = secrets.token_hex(8)
        self._runs = LiveRuns(MOST_RUNS, self._revisions, self.tell)
        self._list = RunList(self.folder)
        self._live_list = Live(self._list, self._revisions, LIST_INTERVAL, self.tell)
        try:
            super().__init__((HOST, port), Exchange)
        except OSError as error:
            raise StorageError(
                f"cannot serve at {HOST}:{port}: {error.strerror or error}",
                f"choose another port, such as {port + 1}; `--port 0` takes one that is free",
            ) from error
        self.hosts = (f"{HOST}:{self.server_port}", f"localhost:{self.server_port}")

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://{HOST}:{self.server_port}/"

    def narration(self) -> tuple[str, ...]:
        """Returns what people want to know beside the address."""
        port = self.server_port
        name = socket.gethostname()
        return (
            f"shows the runs in '{printable(str(self.folder))}', to this machine alone",
            f"from elsewhere: ssh -L {port}:{HOST}:{port} USER@{name}, then the same address there",
            "Ctrl-C stops",
        )

    def tell(self, line: str) -> None:
        """Tells whoever watches the server what went wrong, once."""
        line = printable(line)[:LONGEST_LINE]
        with self._guard:
            if line in self._told or len(self._told) >= MOST_TOLD:
                return
            self._told.add(line)
        self._say(f"warning: {line}")

    def page(self, address: Address) -> bytes:
        """Returns a page as it is now.

        Raises:
            RefusedError: There is no such run.
        """
        found = self._find(address)
        if found is None:
            with self._live_list.reading():
                page = self._list_page(self._live_list.show(FIRST_WAIT))
        else:
            with found.live.reading():
                page = self._run_page(found, found.live.show(FIRST_WAIT), address)
        return page.encode(errors="replace")

    @contextmanager
    def stream(self, address: Address, after: str) -> Iterator[tuple[Live, int]]:
        """Takes one of the streams; yields what is live, and how much of it a page has.

        Args:
            address: Of the stream.
            after: The mark up to which the page has read.

        Raises:
            RefusedError: There is no such run, or there are too many streams.
        """
        found = self._find(address)
        live = self._live_list if found is None else found.live
        if not self._streams.acquire(blocking=False):
            text = "Too many pages are open: close some."
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, text, **{"Retry-After": RETRY})
        try:
            with live.reading():
                yield live, self._revision(after)
        finally:
            self._streams.release()

    def mark(self, revision: int) -> str:
        """Returns how a page says up to where it has read."""
        return f"{self._session}.{revision}"

    def _revision(self, mark: str) -> int:
        """Returns up to where a page has read; 0 if it read from another server."""
        session, _, revision = mark.partition(".")
        is_ours = session == self._session and revision.isascii() and revision.isdigit()
        return int(revision) if is_ours and len(revision) < 20 else 0

    def _find(self, address: Address) -> LiveRun | None:
        """Returns the run that an address names; None for the list.

        Raises:
            RefusedError: There is no such run.
        """
        is_one_run = self._is_one_run()
        if address.run is None:
            return self._runs.of(self.folder) if is_one_run else None
        folder = None if is_one_run else self._list.find(address.run)
        if folder is not None:
            return self._runs.of(folder)
        # An open page is told what has become of its run.
        known = self._runs.known(address.run) if address.is_stream and not is_one_run else None
        if known is None:
            raise RefusedError(HTTPStatus.NOT_FOUND, "There is no such run.")
        return known

    def _is_one_run(self) -> bool:
        return os.path.lexists(self.folder / CONFIGURATION)

    def _run_page(self, run: LiveRun, shown: LiveParts, address: Address) -> str:
        return page_of(
            run.source.story,
            shown.parts,
            policy=PAGE,
            events="" if shown.is_final else events_address(self.mark(shown.revision)),
            home="" if address.run is None else "../../",
        )

    def _list_page(self, shown: LiveParts) -> str:
        return render(
            TEMPLATE,
            PAGE,
            name=printable(self.folder.name),
            parts=shown.parts,
            events=events_address(self.mark(shown.revision)),
        )

    def server_bind(self) -> None:
        """Binds the socket, and asks nobody for the name of this machine."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answers in a thread of its own, if there is a place."""
        if not self.places.take(request):
            self._refuse(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self.places.leave(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answers a request, and gives its place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.leave(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Tells what went wrong with a connection, without a traceback."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.tell(f"a connection failed: {type(error).__name__}: {error}")

    def _refuse(self, request: socket.socket) -> None:
        """Says that there is no place, if that can be said at once."""
        with suppress(OSError):
            request.setblocking(False)
            request.send(FULL)
            request.recv(4096)  # what is not read makes the system forget what was sent
        self.shutdown_request(request)


def _say(line: str) -> None:
    with suppress(OSError, ValueError):  # nobody listens any more
        print(line, file=sys.stderr, flush=True)
