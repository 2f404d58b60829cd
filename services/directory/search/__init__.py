"""Search over the services: tantivy in memory, French stems, accents folded, and nobody ranked up for who they are.

How results are ordered:

1. Relevance: how well the words match what the service *says of itself*. A match in the name counts `BOOSTS["name"]`
   times, in the topics and areas (in all four languages) `BOOSTS["topics"]` times, and so on. BM25, the same for all.
2. Relevance is rounded to `BAND`, so that a hair's breadth decides nothing.
3. Within a band, and where no word was asked for, the day's lot decides: a hash of the date and the service's id.
   Everybody is first on some days.

Nothing else goes in: not the organisation, the host included; not size, age, views, referrals or payment. `explain`
shows each of these numbers. First all words must match; if nothing does, any of them may, with one typing error each.

The index lives in memory and is checked against the store before each search: the number of providers and the sum of
their versions, which every committed change makes larger, whichever replica wrote it. Only providers whose version
differs are read again. So a search is never behind the store, and a restart builds it anew.
"""

from services.chassis.service.definition import Runtime
from services.directory.search.index import Search
from services.directory.search.ranking import BAND, BOOSTS, Found, Ranked, SearchParams

__all__ = ["BAND", "BOOSTS", "Found", "Ranked", "Search", "SearchParams", "search_of"]


def search_of(runtime: Runtime) -> Search:
    """The index of this process."""
    search: Search = runtime.extra.get("search") or Search()
    runtime.extra["search"] = search
    return search
