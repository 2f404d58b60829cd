"""One adult by the collective approach, in a browser: a workshop, then the one session that finalises the process."""

from datetime import timedelta

import pytest
from playwright.async_api import Browser, expect

from tests.journeys.adult import Centre
from tests.journeys.screens import CONFIRMED, COUNSELLOR, FRONT_DESK, PHONE, Counsellor, FrontDesk, Visitor, screens
from tests.journeys.stacks import Stack

pytestmark = pytest.mark.browser
NAME, GOAL = "Prénom Collectif (démo)", "Travailler le bois"


@pytest.mark.parametrize("stack", ["embedded"], indirect=True)
async def test_from_a_seat_in_the_workshop_to_a_confirmed_plan(stack: Stack, browser: Browser) -> None:
    liege = Centre(stack)
    liege.has_rooms()
    async with screens(browser, stack) as those:
        desk, counsellor = FrontDesk(await those.of(FRONT_DESK)), Counsellor(await those.of(COUNSELLOR))
        ticket = await desk.checks_in("S’orienter")
        await desk.calls(ticket)
        await desk.receives(ticket)
        visitor = Visitor(
            await those.nobody(PHONE), await desk.makes_known(ticket, "Prénom", NAME.removeprefix("Prénom "))
        )
        await desk.says_goodbye(ticket)

        first = liege.next_working_day()
        await counsellor.announces("Construire son projet, à l’écran", first)
        await counsellor.gives_a_seat(NAME)
        liege.until(first + timedelta(minutes=120))
        await counsellor.notes_attendance(NAME)
        await counsellor.page.get_by_role("link", name="Fixer l’entretien final – Personne 1").click()
        last = liege.next_working_day()
        await counsellor.books(last, NAME, "liege-r1")

        await counsellor.opens_plan_of(NAME)
        await visitor.opens_the_link()
        await visitor.opens_the_plan()
        await visitor.writes(GOAL)
        await counsellor.plans_a_way(GOAL)
        await counsellor.cannot_confirm("L’entretien final n’a pas encore eu lieu.")
        await visitor.closes()
        liege.until(last + timedelta(minutes=60))
        await counsellor.goes_to("Agenda")
        await counsellor.page.get_by_role("link", name="Entretien final").first.click()
        await counsellor.holds()
        await counsellor.opens_plan_of(NAME)
        await counsellor.confirms()
        await visitor.returns()
        await expect(visitor.page.get_by_role("region", name="Où en est le plan ?")).to_contain_text(CONFIRMED)
