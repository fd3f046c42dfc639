"""What child processes are given and how they end, without any server."""

import signal
import socket
from pathlib import Path

from tests.support.patience import bound
from waybond_local.processes import finish, free_ports, spawn


def test_a_port_that_two_want_goes_to_one_of_them() -> None:
    wanted = free_ports(["any"])["any"]
    ports = free_ports(["a", "b", "c"], dict.fromkeys("abc", wanted))
    assert ports["a"] == wanted
    assert len(set(ports.values())) == 3


def test_a_port_that_is_in_use_is_not_given() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        wanted = server.getsockname()[1]
        assert free_ports(["a"], {"a": wanted})["a"] != wanted


def test_a_process_that_does_not_end_by_itself_is_killed(tmp_path: Path) -> None:
    """S: initdb hangs on a slow disk: its exception was none that the command knows, and initdb went on."""
    assert finish(spawn(["sleep", "600"], log=tmp_path / "log"), patience_seconds=0.1) == -signal.SIGKILL
    assert finish(spawn(["sh", "-c", "exit 3"], log=tmp_path / "log"), patience_seconds=bound(60)) == 3
