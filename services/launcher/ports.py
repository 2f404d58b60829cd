"""Ports of 127.0.0.1 for what is started here."""

import random
import socket
from collections.abc import Iterable

_RANGE = range(20_000, 30_000)
# Below the range the system gives to outgoing connections: a client that keeps knocking at a stopped server could
# otherwise be given that very port, connect to itself, and keep the server from coming back.


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as Java and most servers do: TIME_WAIT is free
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count: int, exclude: Iterable[int] = ()) -> list[int]:
    """`count` different ports that nobody listens on and no running process was given, none of `but`.

    Raises `IndexError` when there are not so many.
    """
    left, found = set(_RANGE) - set(exclude), list[int]()
    while len(found) < count:
        port = random.choice(tuple(left))  # noqa: S311 - no secret, only out of each other's way
        left.remove(port)
        if is_free(port) and _reserve(port):
            found.append(port)
    return found


def _reserve(port: int) -> bool:
    """A server needs a moment to listen; whoever looks meanwhile must not find its port free.

    This process takes the UDP port of the same number, and keeps it for as long as it runs.
    """
    mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        mark.bind(("127.0.0.1", port))
    except OSError:
        mark.close()
        return False
    mark.detach()
    return True
