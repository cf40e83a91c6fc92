"""Who may ask for the pages: this machine alone, reading only."""

from __future__ import annotations

import pytest
from served_pages import Served, answer, received

from evosynth.serving import exchange
from evosynth.serving.addresses import Address, read_address


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_this_machine_may_ask(served: Served, name: str) -> None:
    assert served.ask(host=f"{name}:{served.port}")[0] == 200


FOREIGN = ("evil.example", "evil.example:{}", "127.0.0.1", "127.0.0.1:1", "[::1]:{}", "0.0.0.0:{}")


@pytest.mark.parametrize("host", [*FOREIGN, "127.0.0.1:{}.evil.example", "a@127.0.0.1:{}", "x y"])
def test_other_names_are_refused(served: Served, host: str) -> None:
    for path in ("/", "/runs/good/", "/events"):
        status, _, body = served.ask(path, host=host.format(served.port))
        assert status == 421
        assert "DFT" not in body


@pytest.mark.parametrize("lines", ["", "Host: {0}\r\nHost: {0}\r\n", "Host: \r\n"])
def test_there_is_one_host(served: Served, lines: str) -> None:
    head = f"GET / HTTP/1.1\r\n{lines.format(served.host)}\r\n"
    assert served.send(head.encode())[0] == 421


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://127.0.0.1:{}"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "https://127.0.0.1:{}"}, 403),
        ({"Origin": "null"}, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Sec_Fetch_Site": "none"}, 200),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors"}, 403),
        (
            {
                "Sec_Fetch_Site": "cross-site",
                "Sec_Fetch_Mode": "navigate",
                "Sec_Fetch_Dest": "iframe",
                "Sec_Fetch_User": "?1",
            },
            403,
        ),
        (
            {
                "Sec_Fetch_Site": "cross-site",
                "Sec_Fetch_Mode": "navigate",
                "Sec_Fetch_Dest": "document",
                "Sec_Fetch_User": "?1",
            },
            200,
        ),
    ],
)
def test_other_sites_are_refused(served: Served, headers: dict[str, str], status: int) -> None:
    given = {name: value.format(served.port) for name, value in headers.items()}
    assert served.ask("/", **given)[0] == status
    assert served.ask("/runs/good/", **given)[0] == status


@pytest.mark.parametrize(
    "method", ["POST", "PUT", "OPTIONS", "DELETE", "PATCH", "TRACE", "CONNECT"]
)
def test_pages_can_only_be_read(served: Served, method: str) -> None:
    status, headers, _ = served.ask("/", method, Content_Length="0")
    assert (status, headers["Allow"]) == (405, "GET, HEAD")


SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


def test_every_answer_is_kept_to_its_reader(served: Served) -> None:
    answers = [served.ask(path) for path in ("/", "/runs/good/", "/nonesuch", "/runs/good")]
    answers += [served.ask("/events", "HEAD"), served.ask("/", "POST"), served.ask(host="a")]
    for _, headers, _ in answers:
        for name, value in SECURITY.items():
            assert headers[name] == value
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "Server" not in headers
        assert not any(name.startswith("Access-Control") for name in headers)


@pytest.mark.parametrize(
    "request_line", [b"GET", b"GET /", b"GET / HTTP/9.9", b"GET / HTTP/1.1 x", b"\xff\xff", b"{}"]
)
def test_what_is_no_request_is_refused(served: Served, request_line: bytes) -> None:
    host = f"\r\nHost: {served.host}\r\n".encode()
    assert 400 <= served.send(request_line + host + b"\r\n")[0] <= 505
    assert served.ask()[0] == 200
    assert served.told == []


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /" + b"a" * 100_000,
        b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000,
        b"GET / HTTP/1.1\r\n" + b"X: a\r\n" * 20_000,
    ],
    ids=["line", "header", "headers"],
)
def test_large_requests_are_refused(served: Served, request_bytes: bytes) -> None:
    with served.connect() as connection:
        # So much at once that nothing is left unread, whose loss would hide the answer.
        connection.sendall(request_bytes[: exchange.LONGEST_REQUEST + 1])
        status, _, body = answer(received(connection))
        assert (status, body.count("\n")) == (431, 1)
    assert served.ask()[0] == 200
    assert served.told == []


def test_many_short_headers_are_refused(served: Served) -> None:
    head = f"GET / HTTP/1.1\r\nHost: {served.host}\r\n" + "X: a\r\n" * 200 + "\r\n"
    assert served.send(head.encode())[0] == 431


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("/", Address(None, False)),
        ("/events", Address(None, True)),
        ("/events?after=a.1", Address(None, True, "a.1")),
        ("/runs/a%20b/", Address("a b", False)),
        ("/runs/a/events", Address("a", True)),
        ("/runs/../", None),
        ("/runs/a;b/", None),
        ("/runs/<a>/", None),
        ("/runs/\u00e9/", None),
    ],
)
def test_addresses(text: str, address: Address | None) -> None:
    assert read_address(text) == address
