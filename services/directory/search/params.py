"""Builds search parameters from a request, and checks every code."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.directory import domain
from services.directory.search import SearchParams
from services.directory.store import check_centre_and_area


async def search_params(
    session: AsyncSession,
    *,
    words: str = "",
    area: str | None = None,
    town: str | None = None,
    centre: str | None = None,
    language: str | None = None,
) -> SearchParams:
    """The search parameters. Raises `UnknownArea`, `UnknownCentre`, `UnknownLanguage`; an unknown town is no error."""
    await check_centre_and_area(session, centre or None, area or None)
    domain.check_languages([language] if language else [], field="language")
    # A centre's code is the key of its town.
    key = domain.town_key(town) if town else centre
    return SearchParams(words=words, area=area or None, town=key, language=language or None)
