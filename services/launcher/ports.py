"""Free ports of 127.0.0.1."""

import random
import socket
from collections.abc import Iterable

_RANGE = range(20_000, 30_000)
# Below the ephemeral range: a client that retries a stopped server could otherwise be given that server's port,
# connect to itself, and keep the server from restarting.


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
    """`count` different ports that are free, not reserved by a running process, and not in `exclude`.

    Raises `IndexError` if there are too few.
    """
    candidates, found = set(_RANGE) - set(exclude), list[int]()
    while len(found) < count:
        port = random.choice(tuple(candidates))  # noqa: S311 - no secret, only out of each other's way
        candidates.remove(port)
        if is_free(port) and _reserve(port):
            found.append(port)
    return found


def _reserve(port: int) -> bool:
    """Reserve a port: True unless another process has reserved it.

    A server needs a moment to listen, and until then its port must not look free. This process keeps the UDP port of
    the same number until it ends.
    """
    mark = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        mark.bind(("127.0.0.1", port))
    except OSError:
        mark.close()
        return False
    mark.detach()
    return True
