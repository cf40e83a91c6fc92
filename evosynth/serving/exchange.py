"""One request and its answer: what is refused, and how everything else is sent."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socket import MSG_PEEK
from typing import TYPE_CHECKING, Any

from evosynth.serving.addresses import Address, read_address
from evosynth.serving.live import Live

if TYPE_CHECKING:
    from evosynth.serving.server import RunsServer

METHODS = ("GET", "HEAD")
# Bytes of a request, and seconds that a client may take to send it and to take an answer.
LONGEST_REQUEST = 16_384
SENDING, TAKING = 5.0, 20.0
# Seconds between two looks whether the reader of a stream is still there, and between two
# signs of life for what is between us.
PULSE, HEARTBEAT = 1.0, 15.0
RETRY = "5"
# Milliseconds after which a browser comes again: to a connection that was lost, and to a run
# that nobody works on. Between, it needs no connection, of which browsers have few.
LOST, IDLE = 2_000, 5_000
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Connection": "close",
}
NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HTML, STREAM, TEXT = (f"text/{kind}; charset=utf-8" for kind in ("html", "event-stream", "plain"))


class RefusedError(Exception):
    """A request that is not answered.

    Args:
        status: Why.
        text: What to do, for people.
        **headers: More headers.
    """

    def __init__(self, status: HTTPStatus, text: str, **headers: str) -> None:
        super().__init__(text)
        self.status = status
        self.headers = headers


class Exchange(BaseHTTPRequestHandler):
    """One connection, which has one request."""

    server: RunsServer
    protocol_version = "HTTP/1.1"
    command = ""

    def handle(self) -> None:
        """Answers the request; whatever goes wrong ends this connection alone."""
        try:
            try:
                self._answer()
            except RefusedError as refusal:
                self._send_text(refusal.status, str(refusal), refusal.headers)
        except OSError:  # the client has gone, or is too slow
            return
        except Exception as error:
            self.server.tell(f"a request failed: {type(error).__name__}: {error}")
            with suppress(OSError):
                self._send_text(HTTPStatus.INTERNAL_SERVER_ERROR, "This page cannot be shown.")

    def _answer(self) -> None:
        head = self._read_head()
        if not head:
            return
        self.rfile = BytesIO(head)
        self.raw_requestline = self.rfile.readline()
        if not self.parse_request() or self.request_version == "HTTP/0.9":
            self.send_error(HTTPStatus.BAD_REQUEST)
        self.connection.settimeout(TAKING)
        self._check_method()
        self._check_origin()
        address = read_address(self.path)
        if address is None:
            if read_address(f"{self.path}/") is not None:
                headers = {"Location": f"{self.path}/"}
                raise RefusedError(HTTPStatus.PERMANENT_REDIRECT, "It is a folder.", **headers)
            raise RefusedError(HTTPStatus.NOT_FOUND, "There is no such page.")
        if address.is_stream:
            self._stream(address)
        else:
            self._send(HTTPStatus.OK, HTML, self.server.page(address), self.server.policy)

    def _read_head(self) -> bytes:
        """Returns a request up to its empty line; b"" if the client sends none."""
        until = time.monotonic() + SENDING
        head = bytearray()
        while b"\r\n\r\n" not in head and b"\n\n" not in head:
            self.connection.settimeout(max(until - time.monotonic(), 1e-3))
            if not (block := self.connection.recv(4096)):
                return b""
            head += block
            if len(head) > LONGEST_REQUEST:
                self.server.places.hear(self.connection)
                text = f"A request has at most {LONGEST_REQUEST:,} bytes."
                raise RefusedError(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, text)
        self.server.places.hear(self.connection)
        return bytes(head)

    def _check_method(self) -> None:
        if self.command not in METHODS:
            text = "These pages can only be read."
            raise RefusedError(HTTPStatus.METHOD_NOT_ALLOWED, text, Allow=", ".join(METHODS))

    def _check_origin(self) -> None:
        """Refuses what another site makes a browser ask for, under our name or its own."""
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].strip().lower() not in self.server.hosts:
            text = f"Open these pages as {self.server.url}"
            raise RefusedError(HTTPStatus.MISDIRECTED_REQUEST, text)
        origins = self.headers.get_all("Origin", [])
        allowed = [f"http://{host}" for host in self.server.hosts]
        is_foreign = any(origin.strip().lower() not in allowed for origin in origins)
        site = self.headers.get("Sec-Fetch-Site", "none").strip().lower()
        if is_foreign or (site not in ("none", "same-origin") and not self._is_link()):
            raise RefusedError(HTTPStatus.FORBIDDEN, "Other sites may not read these pages.")

    def _is_link(self) -> bool:
        """Tells whether a person follows a link, as from a terminal in the browser."""
        found = [self.headers.get(f"Sec-Fetch-{name}") for name in ("Mode", "Dest", "User")]
        return found == ["navigate", "document", "?1"]

    def _stream(self, address: Address) -> None:
        # What a browser that lost the connection heard last is later than what its page had.
        after = self.headers.get("Last-Event-ID") or address.after
        with self.server.stream(address, after) as (live, revision):
            self._send_headers(HTTPStatus.OK, STREAM, NOTHING, {})
            if self.command != "HEAD":
                self._send_events(live, revision)

    def _send_events(self, live: Live, revision: int) -> None:
        """Sends what is made after a revision, until nothing follows or there is no reader."""
        self._send_retry(LOST)
        is_called_live = False
        heard = time.monotonic()
        while self._is_read():
            found, standstill = live.wait(revision, PULSE)
            for made in found:
                part = made.part
                data = {"name": part.name, "html": part.html, "version": made.version}
                self._send_event("section", data, self.server.mark(made.revision))
                revision = made.revision
            if standstill is not None:
                self._send_retry(IDLE)
                end = {"told": standstill.told, "isFinal": standstill.is_final}
                self._send_event("end", end, self.server.mark(revision))
                return
            if not is_called_live:
                self._send_event("live", {}, self.server.mark(revision))
                is_called_live = True
            if found:
                heard = time.monotonic()
            elif time.monotonic() - heard > HEARTBEAT:
                self._write(b": nothing new\n\n")
                heard = time.monotonic()

    def _send_retry(self, milliseconds: int) -> None:
        self._write(f"retry: {milliseconds}\n\n".encode())

    def _is_read(self) -> bool:
        """Tells whether the reader of a stream is still there."""
        self.connection.settimeout(0)
        try:
            return self.connection.recv(1, MSG_PEEK) != b""
        except BlockingIOError:
            return True
        finally:
            self.connection.settimeout(TAKING)

    def _send_event(self, kind: str, data: Mapping[str, Any], mark: str) -> None:
        self._write(f"id: {mark}\nevent: {kind}\ndata: {json.dumps(data)}\n\n".encode())

    def _send_text(
        self, status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self._send(status, TEXT, f"{text}\n".encode(), NOTHING, headers or {})

    def _send(
        self,
        status: HTTPStatus,
        kind: str,
        body: bytes,
        policy: str,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        length = {"Content-Length": str(len(body))}
        self._send_headers(status, kind, policy, length | dict(headers or {}))
        if self.command != "HEAD":
            self._write(body)

    def _send_headers(
        self, status: HTTPStatus, kind: str, policy: str, headers: Mapping[str, str]
    ) -> None:
        own = {"Date": formatdate(usegmt=True), "Content-Type": kind}
        lines = own | {"Content-Security-Policy": policy} | SECURITY | dict(headers)
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self._write(f"HTTP/1.1 {status.value} {status.phrase}\r\n{text}\r\n".encode("latin-1"))

    def _write(self, data: bytes) -> None:
        self.connection.sendall(data)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuses what is no request."""
        self.command = self.command or ""
        raise RefusedError(HTTPStatus(code), "This is no request that a browser sends.")

    def handle_expect_100(self) -> bool:
        """Asks for no body: none is read."""
        return True

    def log_message(self, format: str, *args: Any) -> None:
        """Writes nothing."""
