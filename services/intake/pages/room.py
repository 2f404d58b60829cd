"""The display in the waiting room: tickets, no names. Public, as it hangs on the wall.

`?languages=fr&languages=de` or `?lang=fr,de` shows several languages in turn; by default one, the reader's. A form
sends the former. Neither changes the language of the browser's other pages.
"""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from services.chassis.i18n import LANGUAGES
from services.chassis.identity.people import Person
from services.chassis.web import Board, Reading, Router, Running, anyone, live_board, page
from services.contracts.text import Key
from services.intake.actions import visits
from services.intake.pages.views import load_centre, room_board

router = Router("/intake", pages=True)
Anyone = Annotated[Person | None, anyone]
Chosen = Annotated[list[Key], Query(alias="languages", default_factory=list)]


@router.get("/waiting-room/{centre}")
async def waiting_room(
    centre: Key, request: Request, read: Reading, running: Running, person: Anyone, chosen: Chosen, lang: Key = ""
) -> Response:
    """The display."""
    centre_copy = await load_centre(read, centre)
    languages = _languages(request, chosen or lang.split(","))
    return page(
        request,
        "intake/waiting_room.html",
        centre=centre_copy,
        live_url=f"/intake/waiting-room/{centre}/stream?lang={','.join(languages)}",
        turns=languages,
        **await room_board(read, centre, running.clock),
    )


@router.get("/waiting-room/{centre}/stream")
async def waiting_room_stream(
    centre: Key, request: Request, read: Reading, running: Running, person: Anyone, lang: Key = ""
) -> Response:
    """The display, live."""
    await load_centre(read, centre)
    turns = _languages(request, lang.split(","))
    board = Board(visits.board(centre), "intake/rooms.html", room_board, (centre, running.clock))
    return live_board(request, board, lambda found: {"turns": turns})


def _languages(request: Request, asked: Sequence[str]) -> tuple[str, ...]:
    """The languages in the order asked for, without others; the first one is the page's."""
    known = tuple(code for code in dict.fromkeys(asked) if code in LANGUAGES)
    request.state.lang = known[0] if known else request.state.lang
    return known or (request.state.lang,)
