"""The final interviews of workshops that are due: the counsellor's own, or all of the centre."""

from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from services.chassis.web import Reading, Router, page
from services.contracts.text import Key
from services.scheduling.claims import staff_code
from services.scheduling.pages.desk import Counsellor, desk_of, length_word
from services.scheduling.store.counsellors import counsellor_names
from services.scheduling.store.finalising import FinalInterview, count_to_book, finals_booked, finals_to_book

router = Router("/scheduling", pages=True)
SHOWN = 25
"""Of those to book, and of those that are booked, on one page."""


@router.get("/final-interviews")
async def list_due(
    request: Request,
    read: Reading,
    person: Counsellor,
    centre: Key = "",
    counsellor: Key = "",
    after: UUID | None = None,
    booked: UUID | None = None,
) -> Response:
    """Those to book, the longest due first, and below the last of them those that are booked.

    `counsellor`: of everybody with `*`. `after`, `booked`: the last one of the page before, of the ones and the others.
    """
    centre_copy, own = await desk_of(read, person, centre)
    me = staff_code(person)
    of = None if counsellor == "*" else me
    to_book: list[FinalInterview] = []
    if booked is None:
        to_book = await finals_to_book(read, centre_copy.code, of, after, SHOWN + 1)
    fixed: list[FinalInterview] = []
    if len(to_book) <= SHOWN:
        fixed = await finals_booked(read, centre_copy.code, of, booked, SHOWN + 1)
    rows = [*to_book[:SHOWN], *fixed[:SHOWN]]
    return page(
        request,
        "scheduling/final_interviews.html",
        centre=centre_copy,
        own=own,
        centre_name=centre_copy.name,
        whose=of or "*",
        me=me,
        count=await count_to_book(read, centre_copy.code, of),
        to_book=to_book[:SHOWN],
        more_to_book=to_book[SHOWN - 1].id if len(to_book) > SHOWN else None,
        booked=fixed[:SHOWN],
        more_booked=fixed[SHOWN - 1].id if len(fixed) > SHOWN else None,
        names=await counsellor_names(read, (code for row in rows for code in row.counsellors)),
        length_word=length_word,
    )
