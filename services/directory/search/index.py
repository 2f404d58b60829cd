"""The index: built from the store, updated before each search, queried in worker threads."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

import orjson
import tantivy
from sqlalchemy.ext.asyncio import AsyncSession
from tantivy import Occur, Query

from services.directory.search.documents import FILTERS, composed, documents_of, microseconds
from services.directory.search.ranking import (
    BOOSTS,
    DEPTH,
    MAX_WORDS,
    Found,
    Ranked,
    SearchParams,
    band_of,
    cursor_after,
    read_cursor,
)
from services.directory.store import (
    FullOrganization,
    FullService,
    full_organizations,
    full_services,
    service_ids_of,
    store_fingerprint,
    versions,
)


@dataclass(slots=True)
class _Built:
    """The state of the store from which the index was built."""

    day: date | None = None
    fingerprint: tuple[int, int] | None = None
    versions: dict[UUID, int] = field(default_factory=dict[UUID, int])


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a page begins: after the result of a cursor, or after so many results."""

    cursor: tuple[float, int] | None = None
    skipped: int = 0


def _analyzer() -> tantivy.TextAnalyzer:
    """Lower case, no French stop words, accents folded before stemming, so that both spellings match."""
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.remove_long(60))
    for step in (
        tantivy.Filter.lowercase(),
        tantivy.Filter.stopword("french"),
        tantivy.Filter.ascii_fold(),
        tantivy.Filter.stemmer("french"),
    ):
        builder = builder.filter(step)
    return builder.build()


class Search:
    """The index of one process."""

    def __init__(self) -> None:
        builder = tantivy.SchemaBuilder()
        for name in BOOSTS:
            builder.add_text_field(name, tokenizer_name="words")
        for name in ("id", *FILTERS):
            builder.add_text_field(name, stored=name == "id", tokenizer_name="raw", index_option="basic")
        builder.add_unsigned_field("lot", fast=True, indexed=True)
        builder.add_unsigned_field("modified", fast=True, indexed=True)
        self._schema = builder.build()
        self._index = tantivy.Index(self._schema)
        self._words = _analyzer()
        self._index.register_tokenizer("words", self._words)
        self._writer = self._index.writer(heap_size=30_000_000, num_threads=1)
        self._built = _Built()
        self._lock = asyncio.Lock()

    async def find(
        self,
        session: AsyncSession,
        params: SearchParams,
        *,
        today: date,
        after: str | None = None,
        skipped: int = 0,
        limit: int = 20,
        explain: bool = False,
    ) -> Found:
        """One page of results, from the present state of the store: after a cursor, or after so many results.

        Raises `UnknownCursor`.
        """
        start = _Start(read_cursor(after) if after is not None else None, skipped)
        await self.catch_up(session, today)
        return await asyncio.to_thread(self._find, params, start, limit, explain)

    async def catch_up(self, session: AsyncSession, today: date) -> int:
        """Reindexes changed providers, or all if the day changed. Returns how many providers were read."""
        async with self._lock:
            fingerprint = await store_fingerprint(session)
            if fingerprint == self._built.fingerprint and today == self._built.day:
                return 0
            now = await versions(session)
            if today != self._built.day:
                await asyncio.to_thread(self._writer.delete_all_documents)
                self._built.versions = {}
            changed = [id for id, version in now.items() if self._built.versions.get(id) != version]
            for some in (changed[at : at + 500] for at in range(0, len(changed), 500)):
                owned = await service_ids_of(session, some)
                full = await full_services(session, [id for ids in owned.values() for id in ids])
                owners = await full_organizations(session, some)
                await asyncio.to_thread(self._write, owners, full, today)
            await asyncio.to_thread(self._commit)
            self._built = _Built(today, fingerprint, now)
            return len(changed)

    def _write(self, owners: list[FullOrganization], services: Iterable[FullService], today: date) -> None:
        by_owner: dict[UUID, list[FullService]] = {one.organization.id: [] for one in owners}
        for full in services:
            by_owner[full.organization.id].append(full)
        for owner in owners:
            self._writer.delete_documents_by_term("organization_id", str(owner.organization.id))
            for document in documents_of(owner, by_owner[owner.organization.id], today):
                self._writer.add_document(document)

    def _commit(self) -> None:
        self._writer.commit()
        self._index.reload()

    def _find(self, params: SearchParams, start: _Start, limit: int, explain: bool) -> Found:
        searcher = self._index.searcher()
        terms = list(dict.fromkeys(self._words.analyze(composed(params.words))))[:MAX_WORDS]
        if params.town == "" or params.postcode == "" or (params.words and not terms):
            return Found(0, [], None)
        filters = self._filters(params)
        if not terms:
            return self._by_lot(searcher, filters, start, limit)
        found = self._by_words(searcher, filters, terms, start, limit, explain=explain)
        if found.total:
            return found
        return self._by_words(searcher, filters, terms, start, limit, explain=explain, relaxed=True)

    def _filters(self, params: SearchParams) -> list[Query]:
        wanted = {
            "kind": params.kind,
            "area": params.area,
            "town_key": params.town,
            "language": params.language,
            "term": params.term,
            "taxonomy": params.taxonomy,
            "organization_id": params.organization,
            "postcode": params.postcode,
        }
        chosen = [
            Query.term_query(self._schema, name, str(value), "basic")
            for name, value in wanted.items()
            if value is not None
        ]
        if params.modified_after is not None:
            first = microseconds(params.modified_after)
            chosen.append(Query.range_query(self._schema, "modified", tantivy.FieldType.Unsigned, lower_bound=first))
        return [Query.const_score_query(query, 0.0) for query in chosen]

    def _exact(self, term: str) -> Query:
        """The word in any field."""
        return Query.boolean_query([(Occur.Should, self._in_field(name, term)) for name in BOOSTS])

    def _fuzzy(self, term: str) -> Query:
        """The word in any field; with one typing error if it has at least four letters."""
        close = [
            Query.boost_query(Query.fuzzy_term_query(self._schema, name, term, 1), boost / 2)
            for name, boost in BOOSTS.items()
            if len(term) >= 4
        ]
        return Query.boolean_query([(Occur.Should, query) for query in (self._exact(term), *close)])

    def _in_field(self, name: str, term: str) -> Query:
        return Query.boost_query(Query.term_query(self._schema, name, term), BOOSTS[name])

    def _by_lot(self, searcher: tantivy.Searcher, filters: list[Query], start: _Start, limit: int) -> Found:
        every = Query.boolean_query([(Occur.Must, query) for query in filters])
        total = int(getattr(searcher.search(every, limit=1, count=True), "count", 0))
        later = every
        if start.cursor is not None:
            after = Query.range_query(
                self._schema, "lot", tantivy.FieldType.Unsigned, lower_bound=start.cursor[1], include_lower=False
            )
            later = Query.boolean_query([(Occur.Must, every), (Occur.Must, after)])
        hits = searcher.search(
            later, limit=limit + 1, count=False, order_by_field="lot", offset=start.skipped, order=tantivy.Order.Asc
        ).hits
        page = [
            Ranked(UUID(searcher.doc(address)["id"][0]), 0.0, 0.0, int(drawn), {}) for drawn, address in hits[:limit]
        ]
        return Found(total, page, cursor_after(page[-1]) if len(hits) > limit else None)

    def _by_words(
        self,
        searcher: tantivy.Searcher,
        filters: list[Query],
        terms: Sequence[str],
        start: _Start,
        limit: int,
        *,
        explain: bool,
        relaxed: bool = False,
    ) -> Found:
        if relaxed:
            matches = [Query.boolean_query([(Occur.Should, self._fuzzy(term)) for term in terms])]
        else:
            matches = [self._exact(term) for term in terms]
        query = Query.boolean_query([(Occur.Must, one) for one in (*matches, *filters)])
        result = searcher.search(query, limit=DEPTH, count=True)
        drawn = searcher.fast_field_values("lot", [address for _, address in result.hits])
        ordered = sorted(
            (
                (-band_of(score), int(lot_value or 0), float(score), address)
                for (score, address), lot_value in zip(result.hits, drawn, strict=True)
            ),
            key=lambda one: one[:2],
        )
        last = (-start.cursor[0], start.cursor[1]) if start.cursor is not None else None
        rest = [one for one in ordered if last is None or one[:2] > last][start.skipped :]
        page = [
            Ranked(
                UUID(searcher.doc(address)["id"][0]),
                round(score, 3),
                -minus_band,
                lot_of,
                self._field_scores(searcher, terms, address) if explain else {},
            )
            for minus_band, lot_of, score, address in rest[:limit]
        ]
        total = int(getattr(result, "count", 0))
        return Found(total, page, cursor_after(page[-1]) if len(rest) > limit else None, relaxed=relaxed and total > 0)

    def _field_scores(
        self, searcher: tantivy.Searcher, terms: Sequence[str], address: tantivy.DocAddress
    ) -> dict[str, float]:
        """The share of each field in the score, from tantivy's own explanation."""
        scores: dict[str, float] = {}
        for name in BOOSTS:
            here = Query.boolean_query([(Occur.Should, self._in_field(name, term)) for term in terms])
            try:
                value = float(orjson.loads(here.explain(searcher, address).to_json())["value"])
            except ValueError:
                continue  # the field holds none of the words
            if value:
                scores[name] = round(value, 3)
        return scores
