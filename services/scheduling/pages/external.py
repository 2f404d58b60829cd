"""A counsellor's calendar in another program: its address is entered, read at once, and removed on their page."""

from fastapi import Request
from starlette.responses import Response

from services.chassis.i18n import translate as _
from services.chassis.storage.store import Work
from services.chassis.web import Body, Reading, Router, Running, Working, apply_form, read_form, see_other
from services.contracts.envelope import StaffCode
from services.contracts.text import Local
from services.scheduling.actions.counsellors import centres_kept
from services.scheduling.actions.external import read_soon, remove_calendar, set_calendar
from services.scheduling.pages.counsellor_page import Staff, counsellor_page
from services.scheduling.settings import calendar_encryption, calendar_hosts_of

router = Router("/scheduling/counsellors", pages=True)


class AddressForm(Body):
    """The address of a calendar in another program."""

    address: Local


@router.post("/{code}/other-calendar")
async def enter(code: StaffCode, request: Request, read: Reading, running: Running, person: Staff) -> Response:
    """Enter the address of the other calendar."""
    await centres_kept(read, person, code)
    filled, typed, errors = await read_form(request, AddressForm)
    if filled is not None:

        async def act(work: Work) -> None:
            await set_calendar(work, code, filled.address, calendar_encryption(running), calendar_hosts_of(running))

        _entered, errors = await apply_form(request, running, act)
    if not errors:
        done = _("The other calendar is entered. It is read in a moment.")
        return see_other(request, f"/scheduling/counsellors/{code}", done=done)
    return await counsellor_page(request, read, running.clock(), code, person, typed, errors)


@router.post("/{code}/other-calendar/read")
async def read_now(code: StaffCode, request: Request, work: Working, person: Staff) -> Response:
    """Have the other calendar read in a moment."""
    await centres_kept(work.session, person, code)
    await read_soon(work, code)
    done = _("The other calendar is read in a moment. Reload the page then.")
    return see_other(request, f"/scheduling/counsellors/{code}", done=done)


@router.post("/{code}/other-calendar/remove")
async def remove(code: StaffCode, request: Request, work: Working, person: Staff) -> Response:
    """Remove the other calendar."""
    await centres_kept(work.session, person, code)
    await remove_calendar(work, code)
    done = _("The other calendar is removed. Its times can be booked again.")
    return see_other(request, f"/scheduling/counsellors/{code}", done=done)
