"""The server of pages as it is started and ended."""

from __future__ import annotations

import io
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from served_pages import PATIENT, Served, failing, needs_posix, wait_for

import evosynth as es
from dsl.errors import StorageError, UsageError
from evosynth.reports.base import SECTIONS
from evosynth.serving import RunsServer, run_list, run_source
from evosynth.serving import server as server_module


def command(folder: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "evosynth", "serve", str(folder), *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@needs_posix
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_signals_end_it(folder: Path, number: int, code: int) -> None:
    with command(folder, "--port", "0") as process:
        assert process.stdout is not None
        found = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/\n", process.stdout.readline())
        assert found is not None
        host = f"127.0.0.1:{found[1]}"
        with socket.create_connection(("127.0.0.1", int(found[1])), timeout=PATIENT) as stream:
            stream.sendall(f"GET /events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            assert stream.recv(12) == b"HTTP/1.1 200"
            process.send_signal(number)
            out, err = process.communicate(timeout=PATIENT)
        assert (process.returncode, out) == (code, "")
        assert f"ssh -L {found[1]}:{host} USER@" in err
        assert "Traceback" not in err


@needs_posix
def test_quiet_says_the_address_alone(folder: Path) -> None:
    with command(folder, "--port", "0", "-q") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("http://127.0.0.1:")
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=PATIENT) == ("", "")
        assert process.returncode == 0


def test_port_that_is_taken(served: Served, folder: Path) -> None:
    with pytest.raises(StorageError, match=str(served.port)) as caught:
        RunsServer(folder, served.port)
    assert "--port 0" in caught.value.hint


@pytest.mark.parametrize("port", [-1, 1 << 16, True, "8000"])
def test_ports_that_do_not_exist(folder: Path, port: int) -> None:
    with pytest.raises(UsageError, match="port"):
        RunsServer(folder, port)


def test_file_is_no_folder(folder: Path) -> None:
    with pytest.raises(UsageError, match=r"expected a folder, got '.*run\.json'"):
        RunsServer(folder / "good" / "run.json", 0)


@needs_posix
def test_folder_that_cannot_be_read_is_told(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(server_module, "FIRST_WAIT", 0.1)
    monkeypatch.setattr(run_list.os, "scandir", refuse)
    assert "There is no run" not in served.page()
    wait_for(lambda: len(served.told) == 1)
    assert "Permission denied" in served.told[0]


def test_python_serves_until_it_is_interrupted(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(self: RunsServer) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(RunsServer, "serve_forever", interrupt)
    es.serve(folder, port=0)
    assert "http://127.0.0.1:" in capsys.readouterr().err


def test_only_this_machine_is_listened_to(served: Served) -> None:
    assert served.server.socket.getsockname()[0] == "127.0.0.1"
    assert served.server.socket.family == socket.AF_INET


class Unheard(io.StringIO):
    """A stream whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


@pytest.mark.parametrize("is_closed", [False, True])
def test_pages_are_made_when_nobody_is_told(
    folder: Path, monkeypatch: pytest.MonkeyPatch, is_closed: bool
) -> None:
    stream = io.StringIO() if is_closed else Unheard()
    if is_closed:
        stream.close()
    monkeypatch.setattr(sys, "stderr", stream)
    with failing(*SECTIONS, run_source.PLUGINS), Served(folder) as served:
        served.server._say = server_module._say
        page = served.page("good")
        assert page.count("This section cannot be shown") == len(SECTIONS) + 1
        assert "Being made" not in page
