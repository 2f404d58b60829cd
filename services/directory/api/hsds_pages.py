"""Pages of the HSDS API: their parameters and fields, as the standard names them; and whole lists as NDJSON."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, TypeVar

import orjson
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.chassis.refusals import TooManyRequests
from services.chassis.service.definition import runtime_of
from services.chassis.web import Body
from services.chassis.web.limits import LimitCheck
from services.chassis.web.media import Lines
from services.contracts.text import Key, Line
from services.contracts.values import Whole, YesNo
from services.directory.domain.offers import NDJSON, ParameterNotOffered, check_format
from services.directory.domain.taxonomies import Json
from services.directory.search import DEPTH, Found

Words = Annotated[Line, Field(description="Words that are found in its texts.")]
Full = Annotated[YesNo, Field(description="Whole objects, with everything inside.")]
NotOffered = Annotated[Line | None, Field(description="Not offered: refused.")]


LARGEST = 200
"""Most items on one page."""
AS_LINES: dict[int | str, dict[str, Any]] = {200: {"content": {Lines.media_type: {"schema": {"type": "string"}}}}}
"""What a list answers besides JSON, for its route."""


class PageQuery(Body):
    """The parameters of every list."""

    search: Words = ""
    page: Annotated[int, Whole(1, 1_000_000)] = 1
    per_page: Annotated[int, Whole(1, LARGEST)] = 50
    format: Key = Field(
        "json", description="`json`: a page. `ndjson`: all items without pages, one per line. Others are refused."
    )

    @property
    def skipped(self) -> int:
        """How many items the pages before have."""
        return (self.page - 1) * self.per_page

    def check_offered(self, *others: str) -> None:
        """Raises `FormatNotOffered`, and `ParameterNotOffered` for one of the other parameters, if it has a value."""
        check_format(self.format)
        for name in others:
            if getattr(self, name):
                raise ParameterNotOffered(about=name)


class HsdsPage(BaseModel):
    """A page of a list."""

    total_items: int = Field(description=f"Of a search for words at most {DEPTH}, the best ones.")
    total_pages: int
    page_number: int | None = Field(description="Null on a page after a cursor.")
    size: int = Field(description="How many items this page has.")
    first_page: bool
    last_page: bool
    empty: bool


class Part(NamedTuple):
    """The items of one page, and how many there are on all. `more`: further fields of the page, or other values."""

    total: int
    contents: Sequence[Json]
    more: Mapping[str, Any] = {}


Query = TypeVar("Query", bound=PageQuery)
PartOf = Callable[[AsyncSession, Query], Awaitable[Part]]
"""Reads the page that a query names."""


async def answer(request: Request, read: AsyncSession, query: Query, part_of: PartOf[Query]) -> Response:
    """A page as JSON, or all of them as lines."""
    if query.format == NDJSON:
        return Lines(_lines(request, query, part_of))
    return _page_json(query, *await part_of(read, query))


async def _lines(request: Request, query: Query, part_of: PartOf[Query]) -> AsyncIterator[bytes]:
    """Every item, read page by page. Each page counts as a request: a reader with too many of them waits."""
    number, after = 1, None
    while True:
        behind = {"after": after} if after is not None else {}
        page = query.model_copy(update={"page": number, "per_page": LARGEST, **behind})
        async with runtime_of(request).store.read() as read:
            part = await part_of(read, page)
        yield b"".join(orjson.dumps(item) + b"\n" for item in part.contents)
        after = part.more.get("next")
        # A list with a cursor ends where there is no next one: it may have begun behind some of its items.
        if number * LARGEST >= part.total or ("next" in part.more and after is None):
            return
        number += 1
        await _admitted(request)


async def _admitted(request: Request) -> None:
    while True:
        try:
            return await LimitCheck("search")(request)
        except TooManyRequests as refused:
            await asyncio.sleep(refused.retry_after)


def _page_json(query: PageQuery, total: int, contents: Sequence[Json], more: Mapping[str, Any]) -> JSONResponse:
    pages = math.ceil(total / query.per_page)
    page: dict[str, Any] = {
        "total_items": total,
        "total_pages": pages,
        "page_number": query.page,
        "size": len(contents),
        "first_page": query.page == 1,
        "last_page": query.page >= pages,
        "empty": not contents,
        "contents": contents,
    }
    return JSONResponse(page | dict(more))


def reachable(found: Found, words: str) -> int:
    """How many results there are on all pages."""
    return min(found.total, DEPTH) if words else found.total
