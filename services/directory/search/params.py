"""From what was typed or linked to what is looked for: every code is checked, and named when it is not known."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.directory import domain
from services.directory.search import SearchParams
from services.directory.store import centre_codes, known_areas


async def search_params(
    session: AsyncSession,
    *,
    words: str = "",
    area: str | None = None,
    town: str | None = None,
    centre: str | None = None,
    language: str | None = None,
) -> SearchParams:
    """What is looked for. Raises `UnknownArea`, `UnknownCentre`, `UnknownLanguage`; an unknown town finds nothing."""
    if area and area not in (known := await known_areas(session)):
        raise domain.UnknownArea(about="area", area=area, known=", ".join(known))
    if centre and centre not in (codes := await centre_codes(session)):
        raise domain.UnknownCentre(centre=centre, known=", ".join(codes) or "–")
    if language and language not in domain.LANGUAGE_LABELS:
        known_languages = ", ".join(domain.LANGUAGE_LABELS)
        raise domain.UnknownLanguage(about="language", language=language, known=known_languages)
    # A centre's code is the key of its town.
    place = domain.town_key(town) if town else centre
    return SearchParams(words=words, area=area or None, town=place or None, language=language or None)
