"""Search over providers, services and places: tantivy in memory, French stems, accents folded, none ranked up.

How results are ordered:

1. Relevance: how well the words match the text of the service's own entry. A match in the name counts `BOOSTS["name"]`
   times, in the topics and areas (in all four languages) `BOOSTS["topics"]` times, and so on. BM25, the same for all.
2. Relevance is rounded down to a multiple of `BAND`, so that tiny differences do not decide.
3. Within a band, and in a search without words, the day's lot decides: a hash of the date and the service's id.
   Every service is first on some days.

Nothing else counts: not the organisation, the host included; not size, age, views, referrals or payment. `explain`
shows each of these numbers. First all words must match; if nothing does, any of them may, with one typing error each.

The index lives in memory and is checked against the store before each search: the number of providers and the sum of
their versions, which every committed change makes larger, whichever replica wrote it. Only providers whose version
differs are read again. So a search never lags the store, and a restart rebuilds the index.
"""

from services.chassis.service.definition import Runtime
from services.directory.search.index import Search
from services.directory.search.ranking import BAND, BOOSTS, DEPTH, Found, Kind, Ranked, SearchParams, postcode_key

__all__ = [
    "BAND",
    "BOOSTS",
    "DEPTH",
    "Found",
    "Kind",
    "Ranked",
    "Search",
    "SearchParams",
    "postcode_key",
    "search_of",
]


def search_of(runtime: Runtime) -> Search:
    """The index of this process."""
    search: Search = runtime.extra.get("search") or Search()
    runtime.extra["search"] = search
    return search
