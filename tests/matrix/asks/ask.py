"""How a route is asked, beside its address."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from tests.matrix.world import Side, World


def new_key() -> dict[str, str]:
    """The header of a request that is not another one sent again."""
    return {"idempotency-key": str(uuid4())}


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: the name, and the caller's own side."""

    name: str
    side: Side


@dataclass(frozen=True, slots=True)
class Ask:
    """The body, the query, and what the path names beside the usual things of Liège."""

    json: Any = None
    form: Mapping[str, Any] | None = None
    lines: Any = None
    """The one line of an import."""
    query: Mapping[str, Any] = field(default_factory=dict[str, Any])
    at: Mapping[str, str | UUID] = field(default_factory=dict[str, str | UUID])
    """Parameters of the path."""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    done: tuple[int, ...] = ()
    """What those who get through are answered, where it is no success: the thing itself is not there, or the rules of
    the service do not allow it now."""


Asks = Mapping[str, Callable[[World, Caller], Ask]]
"""By the line of the table: a method and a path, with the variant."""
