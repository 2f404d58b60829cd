"""The order of a list, and its pages: the next one begins behind the last row of the one before.

::

    NEWEST = ListOrder(col(Mail.queued_at), id=col(Mail.id), newest_first=True)
    rows = (await read.scalars(await NEWEST.page(read, sa.select(Mail), 101, after))).all()

Unlike a page's number, a row's id stays right when rows are added meanwhile. Ask for one row more than the page shows:
it tells whether there are others.
"""

from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession


class ListOrder:
    """The order by these columns, which are never NULL, and among equals by id."""

    def __init__(self, *columns: Any, id: Any, newest_first: bool = False) -> None:
        """`newest_first`: the columns backwards, the id forwards."""
        self._columns = columns
        self._id = id
        self._newest_first = newest_first

    async def page(self, session: AsyncSession, rows: Any, limit: int, after: UUID | None) -> Any:
        """The query for the first `limit` of these rows behind the row `after`; from the beginning if it is gone."""
        if after is not None:
            keys = sa.select(*self._columns, self._id).where(self._id == after)
            last = (await session.execute(keys)).one_or_none()
            if last is not None:
                rows = rows.where(self._from(last[0]), self._behind(last))
        ordered = [column.desc() for column in self._columns] if self._newest_first else self._columns
        return rows.order_by(*ordered, self._id).limit(limit)

    def _from(self, first: Any) -> Any:
        """Where the page begins in an index on the first column."""
        return self._columns[0] <= first if self._newest_first else self._columns[0] >= first

    def _behind(self, last: Any) -> Any:
        behind = self._id > last[-1]
        for column, value in reversed(list(zip(self._columns, last, strict=False))):
            further = column < value if self._newest_first else column > value
            behind = sa.or_(further, sa.and_(column == value, behind))
        return behind
