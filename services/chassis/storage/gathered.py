"""Many moments of a group in one value: for thousands of them, a row each costs more than what is done with them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class _Moments(sa.types.TypeDecorator[Sequence[str | datetime]]):
    """Moments as their store has them: text on SQLite, else aware ones."""

    impl = sa.Text
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> sa.types.TypeEngine[Any]:
        return dialect.type_descriptor(sa.Text() if dialect.name == "sqlite" else sa.ARRAY(sa.DateTime(timezone=True)))

    def process_result_value(self, value: Any, dialect: sa.Dialect) -> Sequence[str | datetime]:
        return value.split(",") if isinstance(value, str) else value or ()


class gathered(FunctionElement[Sequence[str | datetime]]):  # noqa: N801 - read as a function, like SQLAlchemy's own
    """The moments of a column in a group, in no order, as their store has them: `moment_of` reads one."""

    type = _Moments()
    inherit_cache = True


@compiles(gathered)
def _array(element: gathered, compiler: Any, **how: Any) -> str:
    return f"array_agg({compiler.process(element.clauses, **how)})"


@compiles(gathered, "sqlite")
def _text(element: gathered, compiler: Any, **how: Any) -> str:
    return f"group_concat({compiler.process(element.clauses, **how)})"


def moment_of(gathered_one: str | datetime) -> datetime:
    """One of the moments of `gathered`, in UTC."""
    if isinstance(gathered_one, str):
        return datetime.fromisoformat(f"{gathered_one}+00:00")
    return gathered_one


def like_gathered(moment: datetime, gathered_one: str | datetime) -> str | datetime:
    """A moment in the form in which the store has this one, so that both can be compared."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}" if isinstance(gathered_one, str) else moment
