"""Limits the requests of one reader. A route declares its limit beside its access policy: `limited("search")`.

What could be guessed (sign-ins, links, PINs, contacts at other centres) and what sends messages to strangers (bookings)
is counted in Redis, for all processes together; while Redis does not answer, and for everything else, each process
counts on its own. Neither keeps an address: keys are digests.
"""

import asyncio
import copy
import ipaddress
from dataclasses import dataclass
from math import ceil
from time import monotonic, time
from typing import Any, Literal, Self

from fastapi import Depends
from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter
from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.requests import HTTPConnection

from services.chassis.identity.tokens import Signer
from services.chassis.refusals import TooManyRequests
from services.chassis.runtime.settings import Settings
from services.chassis.runtime.telemetry import LIMITED, log

Name = Literal[
    "sign-in",
    "link",
    "ticket",
    "pin",
    "search",
    "elsewhere",
    "check-in",
    "code",
    "import",
    "booking",
    "request",
    "confirmation",
    "calendar",
]
SHARED: frozenset[Name] = frozenset({"sign-in", "link", "pin", "elsewhere", "booking", "request", "confirmation"})
"""Those counted for all processes together. As a dependency of a route by address: nobody is signed in yet."""

_PREFIX = "cefo:limits"
_NAMESPACE = "LIMITER"
"""How the library begins the keys of its limits, behind the prefix."""

REDIS_SECONDS = 0.5
"""How long an answer of Redis is waited for."""
PAUSE_SECONDS = 5.0
"""How long Redis is left alone after it did not answer."""

_log = log(__name__)


class Limits:
    """Counts the requests of one process, in fixed windows of time."""

    def __init__(self, settings: Settings, signer: Signer, redis: "Redis | None" = None) -> None:
        """`redis`: None, and each process counts everything on its own."""
        self._signer = signer
        self._rates: dict[Name, RateLimitItem] = {
            "sign-in": parse(settings.limit_sign_in),
            "link": parse(settings.limit_link),
            "ticket": parse(settings.limit_ticket),
            "pin": parse(settings.limit_pin),
            "search": parse(settings.limit_search),
            "elsewhere": parse(settings.limit_elsewhere),
            "check-in": parse(settings.limit_check_in),
            "code": parse(settings.limit_code),
            "import": parse(settings.limit_import),
            "booking": parse(settings.limit_booking),
            "request": parse(settings.limit_request),
            "confirmation": parse(settings.limit_confirmation),
            "calendar": parse(settings.limit_calendar),
        }
        self._own = FixedWindowRateLimiter(MemoryStorage())
        self._shared = FixedWindowRateLimiter(_storage(redis)) if redis is not None else None
        self._service = ""
        self._redis_from = 0.0
        """When Redis is asked again, in seconds of the monotonic clock."""

    def of(self, service: str) -> Self:
        """Those of one service of this process: each counts its own requests, under keys of its own."""
        own = copy.copy(self)
        own._service = service
        return own

    async def count(self, name: Name, who: str) -> None:
        """Count one request. Raises `TooManyRequests`.

        `who`: a reader's account or address, or what is tried.
        """
        rate, key = self._rates[name], self._signer.digest(f"limit {name} {who}")
        ends_at = await self._used_up(rate, name, key)
        if ends_at is not None:
            LIMITED.labels(name).inc()
            raise TooManyRequests(retry_after=max(1, ceil(ends_at - time())))

    async def _used_up(self, rate: RateLimitItem, name: Name, key: str) -> float | None:
        """When the window ends in which this request is one too many (seconds since 1970); None if it is not."""
        if self._shared is not None and name in SHARED and monotonic() >= self._redis_from:
            try:
                async with asyncio.timeout(REDIS_SECONDS):
                    return await _count(self._shared, rate, self._service, name, key)
            except (RedisError, OSError, TimeoutError) as error:
                self._redis_from = monotonic() + PAUSE_SECONDS
                _log.warning("requests are counted without Redis", error=repr(error))
        return await _count(self._own, rate, self._service, name, key)


async def _count(limiter: FixedWindowRateLimiter, rate: RateLimitItem, *key: str) -> float | None:
    if await limiter.hit(rate, *key):
        return None
    return (await limiter.get_window_stats(rate, *key)).reset_time


def keys_of(service: str) -> str:
    """The pattern of the keys with which a service counts in Redis."""
    return f"{_PREFIX}:{_NAMESPACE}/{service}/*"


def _storage(redis: "Redis") -> RedisStorage:
    pool: Any = redis.connection_pool
    return RedisStorage("async+redis://", implementation="redispy", key_prefix=_PREFIX, connection_pool=pool)


@dataclass(frozen=True, slots=True)
class LimitCheck:
    """A limit as a FastAPI dependency. Async, so that FastAPI does not use its thread pool."""

    name: Name

    async def __call__(self, connection: HTTPConnection) -> None:
        """Count the request. Raises `TooManyRequests`."""
        person = None if self.name in SHARED else connection.state.person
        who = f"account {person.subject}" if person is not None else f"address {_network(connection)}"
        await limits_of(connection).count(self.name, who)


def limited(name: Name) -> Any:
    """For `dependencies=[…]` of a route: limit the requests of one account, or of one address without sign-in."""
    return Depends(LimitCheck(name))


def limits_of(connection: HTTPConnection) -> Limits:
    """The limits of this service in this process."""
    return connection.app.state.limits


def _network(connection: HTTPConnection) -> str:
    """The reader's address; of IPv6 the network of one subscriber, who may use any address in it."""
    host = connection.client.host if connection.client is not None else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else host
