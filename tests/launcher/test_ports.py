"""Ports are given once, however many processes look for some at the same moment."""

import socket
import subprocess
import sys

import pytest

from services.launcher import ports

ASKS = "from services.launcher.ports import free_ports; print(*free_ports(3), flush=True); input()"


def test_what_another_running_process_was_given_is_given_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen([sys.executable, "-c", ASKS], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        theirs = [int(port) for port in other.stdout.readline().split()]
        assert all(ports.is_free(port) for port in theirs), "nobody listens there yet"
        monkeypatch.setattr(ports, "_RANGE", theirs)
        with pytest.raises(IndexError):
            ports.free_ports(1)
        other.stdin.close()
    assert sorted(ports.free_ports(3)) == sorted(theirs), "it has ended"


def test_a_port_that_somebody_listens_on_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(ports, "_RANGE", [server.getsockname()[1]])
        with pytest.raises(IndexError):
            ports.free_ports(1)
