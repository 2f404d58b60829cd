"""The least rights on Redis of each service: what they are, and how a server is given them.

A service counts its own requests and exchanges hints on its own channel. It may publish on the channel of the service
that owns the accounts, which learns there that a machine's token is in use, and not read it. Selectors need Redis 7 or
Valkey.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any, cast

from redis import Redis
from redis.exceptions import RedisError, ResponseError

from services.chassis.runtime.live import channel_of
from services.chassis.runtime.settings import Settings
from services.chassis.web.limits import keys_of
from services.contracts.topics import ACCOUNTS

CONNECTION = ("hello", "ping", "select")
COUNTING = ("evalsha", "expire", "get", "incrby", "script|load", "ttl")
HINTS = ("publish", "subscribe", "unsubscribe")
_SECONDS = 10


class RightsNotApplied(Exception):
    """The server did not take the rights; the text says why, in its words."""


@dataclass(frozen=True, slots=True)
class RedisUser:
    """What one user may do: with the keys of these services, on their channels, and what it may publish elsewhere."""

    name: str
    services: tuple[str, ...]

    @property
    def keys(self) -> list[str]:
        """The patterns of the keys that it may read and write."""
        return [keys_of(service) for service in self.services]

    @property
    def channels(self) -> list[str]:
        """The channels on which it may publish and listen."""
        return [channel_of(service) for service in self.services]

    @property
    def publishes(self) -> list[str]:
        """The channels on which it may only publish."""
        return [] if ACCOUNTS.owner in self.services else [channel_of(ACCOUNTS.owner)]

    @property
    def rules(self) -> list[str]:
        """The rules of `ACL SETUSER`. Password and state of a user who is there stay."""
        commands = [f"+{name}" for name in sorted((*CONNECTION, *COUNTING, *HINTS))]
        names = [f"~{key}" for key in self.keys] + [f"&{channel}" for channel in self.channels]
        selectors = [f"(+publish &{channel})" for channel in self.publishes]
        return ["resetkeys", "resetchannels", "clearselectors", "-@all", *commands, *names, *selectors]


def users_of(services: Iterable[str], user: str) -> list[RedisUser]:
    """A user for each name that `user` makes of `{name}`; services with one name share it."""
    named: dict[str, tuple[str, ...]] = {}
    for service in services:
        name = user.replace("{name}", service)
        named[name] = (*named.get(name, ()), service)
    return [RedisUser(name, some) for name, some in named.items()]


def apply_users(settings: Settings, users: Collection[RedisUser], passwords: dict[str, str]) -> bool:
    """Give the server these users and nothing more than their rights. True: also its file of users. Blocks.

    `passwords`: new ones, by user; only their digests leave this process. Raises `RightsNotApplied`; then some may have
    been applied.
    """
    options = {"socket_timeout": _SECONDS, "socket_connect_timeout": _SECONDS} | settings.redis_options()
    try:
        with Redis.from_url(settings.redis, **options) as client:
            server = cast(Any, client)
            if any(user.name in _names_of(server) for user in users):
                raise RightsNotApplied("the user who gives the rights would lose its own")
            for user in users:
                secret = _secret(passwords[user.name]) if user.name in passwords else []
                server.execute_command("ACL SETUSER", user.name, *secret, *user.rules)
            return _is_saved(server)
    except (RedisError, OSError) as error:
        raise RightsNotApplied(str(error)) from error


def _names_of(server: Any) -> tuple[str, str]:
    me: Any = server.execute_command("ACL WHOAMI")
    return "default", me.decode() if isinstance(me, bytes) else str(me)


def _secret(password: str) -> list[str]:
    return ["on", "resetpass", f"#{hashlib.sha256(password.encode()).hexdigest()}"]


def _is_saved(server: Any) -> bool:
    """Whether the server wrote its users to its file; one without such a file has them until it stops."""
    try:
        server.execute_command("ACL SAVE")
    except ResponseError as error:
        if "ACL file" not in str(error):
            raise
        return False
    return True
