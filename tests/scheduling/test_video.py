"""The address of interviews by video: checked, shown to the team and to the visitor on their own page alone."""

import re
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from services.chassis.identity.people import visitor
from services.chassis.testing import Client, FixedClock
from services.contracts.appointments import AppointmentMode
from services.scheduling.actions import guidance
from services.scheduling.actions.booking_rules import RuleFacts, set_rules
from services.scheduling.domain.arrangement import Arrangement
from tests.doors.doors import MANAGER
from tests.givens.rows import all_rows
from tests.givens.scheduling import COUNSELLOR, LIEGE, Visitor
from tests.scheduling.test_guidance import TUESDAY, change, take_path
from tests.scheduling.test_modes import book, move
from tests.scheduling.test_own_appointments import shown
from tests.scheduling.test_pages import press, see

OF_LIEGE = MANAGER.model_copy(update={"centres": frozenset({LIEGE})})
VIDEO = Arrangement(AppointmentMode.VIDEOCONFERENCE)
ROOMS = "https://video.centre.example/r/{appointment}?lang=fr"


def facts(address: str | None) -> RuleFacts:
    return RuleFacts(horizon_days=365, notice_hours=0, visitor_notice_hours=24, video_address=address)


@pytest.mark.parametrize(
    "address",
    [
        "https://video.centre.example",
        "https://video.centre.example:8443/liege#salle-1",
        ROOMS,
        "https://meet.xn--lige-6oa.example/?room={appointment}",
    ],
)
def test_any_public_https_address_is_taken(address: str) -> None:
    assert facts(address).video_address == address


@pytest.mark.parametrize(
    "address",
    [
        "http://video.centre.example/",
        "javascript:alert(1)",
        "https://user:secret@video.centre.example/",
        "https://video.centre.example\\@elsewhere.example/",
        "https://{appointment}.centre.example/",
        "https://centre.example{appointment}/",
        "https://video.centre.example/{appointment}/{appointment}",
        "https://video.centre.example/{name}",
        "https://video.centre.example/a b",
        "https://vidéo.centre.example/",
        "https://video.centre.example:99999/",
        "https://localhost/",
        "https://video.internal/",
        "https://169.254.169.254/",
        "https://127.1/",
        "https://0x7f.0x1/",
        "https://[::1]/",
        "https://video.centre.example/" + "a" * 500,
    ],
)
def test_an_address_that_is_not_public_not_https_or_hides_something_is_refused(address: str) -> None:
    with pytest.raises(ValidationError) as refused:
        facts(address)
    assert [fault["type"] for fault in refused.value.errors()] == ["web_address"]


async def configure(desk: Client, address: str | None) -> None:
    async with desk.store.work() as work:
        await set_rules(work, LIEGE, facts(address))


def links(html: str) -> list[str]:
    return re.findall(r'href="(https://video[^"]*)"', html)


async def everywhere(desk: Client, id: UUID, person: Visitor) -> list[list[str]]:
    """The links on the team's page of the interview, and on each page of its visitor."""
    desk.signed_in(COUNSELLOR)
    found = [links(await see(desk, f"/interviews/{id}"))]
    desk.signed_in(visitor(person.subject_ref))
    return found + [links(await shown(desk, path)) for path in ("", "/part", f"/interviews/{id}")]


async def test_the_team_and_the_visitor_have_the_same_link_another_interview_has_another(
    desk: Client, known: Visitor, clock: FixedClock
) -> None:
    path = await take_path(desk.store, known)
    booked = await book(desk.store, path, VIDEO)
    assert await everywhere(desk, booked.id, known) == [[]] * 4, "the centre has no address"
    await configure(desk, ROOMS)
    ((link,), *others) = await everywhere(desk, booked.id, known)
    assert re.fullmatch(r"https://video\.centre\.example/r/[\w-]{22}\?lang=fr", link)
    assert others == [[link]] * 3
    assert str(booked.id) not in link
    assert link not in str(await all_rows(desk.store)), "no row and no event has it"
    clock.now = TUESDAY.replace(hour=8)  # too late to change it
    assert await everywhere(desk, booked.id, known) == [[link]] * 4
    async with desk.store.work() as work:
        again = await guidance.book(
            work,
            path,
            counsellor=booked.counsellor,
            room=None,
            starts_at=TUESDAY.replace(hour=12),
            minutes=60,
            arrangement=VIDEO,
        )
    ((other,), *_) = await everywhere(desk, again.id, known)
    assert other != link


async def test_without_an_address_the_visitor_reads_that_the_centre_says_how_and_the_team_is_warned(
    desk: Client, known: Visitor
) -> None:
    booked = await book(desk.store, await take_path(desk.store, known), VIDEO)
    joining, warning = "Le centre vous indiquera comment vous connecter.", "(aucune adresse n’est encore indiquée)"
    forms = (f"/interviews/{booked.id}", f"/interviews/new?centre={LIEGE}")
    own = ("", "/part", f"/interviews/{booked.id}")
    for address in (None, ROOMS):
        await configure(desk, address)
        desk.signed_in(COUNSELLOR)
        assert [warning in unescape(await see(desk, form)) for form in forms] == [address is None] * 2
        desk.signed_in(visitor(known.subject_ref))
        pages = [await shown(desk, path) for path in own]
        assert [joining in unescape(page) for page in pages] == [address is None] * 3
        assert all(f"/directory/centres/{LIEGE}/phone" in page for page in pages) or address


async def test_only_a_booked_interview_by_video_has_a_link(desk: Client, known: Visitor, clock: FixedClock) -> None:
    await configure(desk, "https://video.centre.example/liege")
    booked = await book(desk.store, await take_path(desk.store, known), VIDEO)
    assert await everywhere(desk, booked.id, known) == [["https://video.centre.example/liege"]] * 4
    await move(desk.store, booked.id, Arrangement(AppointmentMode.TELEPHONE))
    assert await everywhere(desk, booked.id, known) == [[]] * 4
    await move(desk.store, booked.id, VIDEO)
    clock.now = TUESDAY
    await change(desk.store, booked.id, guidance.hold)
    assert await everywhere(desk, booked.id, known) == [[]] * 4


async def test_a_manager_enters_the_address_and_reads_what_is_wrong_with_it(desk: Client) -> None:
    desk.signed_in(OF_LIEGE)
    form: dict[str, Any] = {"horizon_days": "365", "notice_hours": "0", "visitor_notice_hours": "24", "version": "0"}
    wrong = await press(desk, "/rules/liege", 422, **form, video_address="http://video.centre.example")
    assert 'id="video_address-error"' in wrong
    await press(desk, "/rules/liege", **form, video_address=ROOMS)
    assert f'value="{ROOMS}"' in await see(desk, "/rules/liege")
    form["version"] = "1"
    await press(desk, "/rules/liege", **form)
    assert (await desk.get("/scheduling/api/v1/booking-rules/liege")).json()["video_address"] is None
