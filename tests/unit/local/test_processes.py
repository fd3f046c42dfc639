"""What child processes are given and how they end, without any server."""

import socket

from waybond_local.processes import free_ports


def test_a_port_that_two_want_goes_to_one_of_them() -> None:
    wanted = free_ports(["any"])["any"]
    ports = free_ports(["a", "b", "c"], dict.fromkeys("abc", wanted))
    assert ports["a"] == wanted
    assert len(set(ports.values())) == 3


def test_a_port_that_is_in_use_is_not_given() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        wanted = server.getsockname()[1]
        assert free_ports(["a"], {"a": wanted})["a"] != wanted
