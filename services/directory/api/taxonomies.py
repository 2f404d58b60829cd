"""Taxonomies and their terms: the directory's own first, then those that imports brought."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query, Request
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import JSONResponse, Response

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web import Reading, Router, anyone, limited
from services.contracts.text import words_of
from services.contracts.values import YesNo
from services.directory.actions.hsds import models
from services.directory.api.hsds_pages import AS_LINES, HsdsPage, PageQuery, Part, answer
from services.directory.domain.taxonomies import OWN, Json, own_codes, own_taxonomy, own_term, taxonomy_id
from services.directory.store import Taxonomy, TaxonomyTerm, known_areas, page_of

router = Router("/directory/api/v1", tags=["taxonomies"])
Anyone = Annotated[Person | None, anyone]


class TermsQuery(PageQuery):
    """Which terms are listed."""

    taxonomy_id: UUID | None = None
    parent_id: UUID | None = None
    top_only: YesNo = False
    """Not offered: its name and its description in the standard contradict each other."""


class TaxonomiesPage(HsdsPage):
    """Taxonomies."""

    contents: list[models.Taxonomy]


class TaxonomyTermsPage(HsdsPage):
    """Terms of taxonomies."""

    contents: list[models.TaxonomyTerm]


@router.get("/taxonomies", dependencies=[limited("search")], response_model=TaxonomiesPage, responses=AS_LINES)
async def list_taxonomies(
    query: Annotated[PageQuery, Query()], request: Request, read: Reading, person: Anyone
) -> Response:
    """Every taxonomy by which services are classified."""
    query.check_offered()
    return await answer(request, read, query, _taxonomies)


async def _taxonomies(read: AsyncSession, query: PageQuery) -> Part:
    own = _matching([own_taxonomy(taxonomy) for taxonomy in OWN], query.search)
    total, others = await page_of(read, Taxonomy, query.search, *_after(own, query))
    return Part(len(own) + total, [*_on_page(own, query), *others])


@router.get("/taxonomies/{id}", response_model=models.Taxonomy)
async def get_taxonomy(id: UUID, read: Reading, person: Anyone) -> Response:
    """One taxonomy."""
    for taxonomy in OWN:
        if taxonomy_id(taxonomy) == id:
            return JSONResponse(own_taxonomy(taxonomy))
    imported = await read.get(Taxonomy, id)
    if imported is None:
        raise NotFound(what=msg("taxonomy"))
    return JSONResponse(imported.hsds)


@router.get("/taxonomy_terms", dependencies=[limited("search")], response_model=TaxonomyTermsPage, responses=AS_LINES)
async def list_taxonomy_terms(
    query: Annotated[TermsQuery, Query()], request: Request, read: Reading, person: Anyone
) -> Response:
    """Every term by which services are classified."""
    query.check_offered("top_only")
    return await answer(request, read, query, _terms)


async def _terms(read: AsyncSession, query: TermsQuery) -> Part:
    codes = own_codes(await known_areas(read)) if query.parent_id is None else []
    chosen = [one for one in codes if query.taxonomy_id in (None, taxonomy_id(one[0]))]
    own = _matching([own_term(*one) for one in chosen], query.search)
    total, others = await page_of(
        read,
        TaxonomyTerm,
        query.search,
        *_after(own, query),
        taxonomy_id=query.taxonomy_id,
        parent_id=query.parent_id,
    )
    return Part(len(own) + total, [*_on_page(own, query), *others])


@router.get("/taxonomy_terms/{id}", response_model=models.TaxonomyTerm)
async def get_taxonomy_term(id: UUID, read: Reading, person: Anyone) -> Response:
    """One term."""
    for taxonomy, code in own_codes(await known_areas(read)):
        term = own_term(taxonomy, code)
        if term["id"] == str(id):
            return JSONResponse(term)
    imported = await read.get(TaxonomyTerm, id)
    if imported is None:
        raise NotFound(what=msg("term"))
    return JSONResponse(imported.hsds)


def _matching(own: list[Json], words: str) -> list[Json]:
    """Those with all these words. Words that fold to nothing are in none."""
    sought = words_of(words)
    if words and not sought:
        return []
    texts = ["-".join(words_of(" ".join(one.get(name, "") for name in ("name", "code", "description")))) for one in own]
    return [one for one, text in zip(own, texts, strict=True) if all(word in text for word in sought)]


def _on_page(own: Sequence[Json], query: PageQuery) -> Sequence[Json]:
    return own[query.skipped : query.skipped + query.per_page]


def _after(own: Sequence[Json], query: PageQuery) -> tuple[int, int]:
    """How many imported ones the pages before have, and how many are on this one."""
    return max(0, query.skipped - len(own)), query.per_page - len(_on_page(own, query))
