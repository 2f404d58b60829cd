"""Counts the changes of a session, so that a unit of work can tell whether a step of it changed anything.

Too many are counted rather than too few: every statement that is not a plain query, every use of the connection itself.
"""

from typing import Any

from sqlalchemy import Connection
from sqlalchemy.event import listen
from sqlalchemy.orm import InstanceState, ORMExecuteState, QueryableAttribute, Session
from sqlmodel import SQLModel

CHANGES = "changes"
"""Where a session's `info` has the number."""


class CountingSession(Session):
    """A session with the number of its changes in `info`."""

    def add(self, instance: object, *args: Any, **kwargs: Any) -> None:
        """Add a row."""
        self._count()
        super().add(instance, *args, **kwargs)

    def delete(self, instance: object) -> None:
        """Delete a row, also one that this unit of work added: it is stored first, as only that can be deleted."""
        self._count()
        if instance in self.new:
            self.flush()
        super().delete(instance)

    def connection(self, *args: Any, **kwargs: Any) -> Connection:
        """The connection, with which anything may be changed."""
        self._count()
        return super().connection(*args, **kwargs)

    def _count(self) -> None:
        self.info[CHANGES] += 1


def _count_statement(state: ORMExecuteState) -> None:
    if not state.is_select:
        state.session.info[CHANGES] += 1


def _count_sets(_table: type[Any], _name: str, attribute: QueryableAttribute[Any]) -> None:
    listen(attribute, "set", _count_set, raw=True)


def _count_set(row: InstanceState[Any], *_: Any) -> None:
    session = row.session
    if session is not None:
        session.info[CHANGES] += 1


listen(CountingSession, "do_orm_execute", _count_statement)
listen(SQLModel, "attribute_instrument", _count_sets, propagate=True)
