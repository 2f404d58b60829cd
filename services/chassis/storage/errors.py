"""What the stores' drivers raise, told apart: the store is away, or one of its rules said no."""

import re
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from services.chassis.runtime.telemetry import log

_log = log(__name__)
_T = TypeVar("_T")

_POSTGRES_AWAY = re.compile("08|40|53|57P|58")
"""Classes of SQLSTATE: connection, transaction rolled back for another one's sake, resources, shutdown, system."""

_SQLITE_TO_BLAME = frozenset({"SQLITE_ERROR", "SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_RANGE", "SQLITE_CONSTRAINT"})
_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (?:index ')?(\w+)")


def is_unavailable(error: BaseException) -> bool:
    """Whether the store cannot be reached or cannot answer now: trying again may help, the data is not to blame."""
    if isinstance(error, OSError | TimeoutError | PoolTimeout):
        return True
    if isinstance(error, RuntimeError) and "the handler is closed" in str(error):
        return True  # so uvloop calls a connection that broke in the moment of writing
    told = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if sqlstate := getattr(told, "sqlstate", None):
        return bool(_POSTGRES_AWAY.match(sqlstate))
    if name := getattr(told, "sqlite_errorname", None):
        return "_".join(name.split("_")[:2]) not in _SQLITE_TO_BLAME
    return isinstance(error, InterfaceError)


def is_conflict(error: DBAPIError) -> bool:
    """Whether another transaction was faster: with the same row, or with a lock that this one waited for."""
    if isinstance(error, IntegrityError):
        return violated_constraint(error) is not None
    return str(getattr(error.orig, "sqlstate", "")).startswith("40")


async def retry_on_conflict(act: Callable[[], Awaitable[_T]], tries: int = 2) -> _T:
    """What this unit of work gives. Done anew where another transaction was faster: it then finds what that one left.

    Each time somebody else has got on, so a few tries are enough; after them the fault is raised.
    """
    for _ in range(tries - 1):
        try:
            return await act()
        except DBAPIError as error:
            if not is_conflict(error):
                raise
            _log.info("done anew, another one was faster", error=repr(error))
    return await act()


def violated_constraint(error: IntegrityError) -> str | None:
    """The table (on SQLite perhaps the index) that allows no second such row; None when another rule was broken."""
    if getattr(error.orig, "sqlstate", None) == "23505":
        # Behind SQLAlchemy's own error stands the driver's; after a COPY it stands there itself.
        told = [error.orig, error.orig.__cause__] if error.orig else []
        return next((name for one in told if (name := getattr(one, "table_name", None))), None)
    found = _SQLITE_UNIQUE.search(str(error.orig))
    return found[1] if found else None
