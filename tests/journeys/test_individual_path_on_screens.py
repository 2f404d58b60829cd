"""One adult across all five services, by the individual service, as everybody sees it in a browser."""

import asyncio
from datetime import timedelta

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.journeys.adult import Centre, settled
from tests.journeys.screens import (
    CITE,
    CONFIRMED,
    COUNSELLOR,
    FRONT_DESK,
    PHONE,
    PROVIDER,
    REGION,
    Counsellor,
    FrontDesk,
    Screens,
    Visitor,
    eventually,
    figures,
    row,
    screens,
)
from tests.journeys.stacks import Stack

pytestmark = pytest.mark.browser
NAME, GOAL, SERVICE = "Prénom Individuel (démo)", "Devenir électricienne", "IFAPME"


@pytest.mark.parametrize(
    "stack", [pytest.param("local", marks=[pytest.mark.kafka, pytest.mark.postgres])], indirect=True
)
async def test_from_walking_in_to_the_figures(stack: Stack, browser: Browser) -> None:
    await asyncio.to_thread(settled, stack)
    liege = Centre(stack)
    liege.has_rooms()
    period = liege.now() - timedelta(days=100), liege.now() + timedelta(days=100)
    async with screens(browser, stack) as those:
        counsellor = Counsellor(await those.of(COUNSELLOR))
        provider, cite, results = await those.of(PROVIDER), await those.of(CITE), await those.of(REGION)
        before, waiting = await figures(results, *period), await asked(provider).count()
        visitor = await walks_in_talks_and_agrees_to_be_known(liege, those, counsellor)
        await takes_a_path_of_two_interviews(liege, counsellor, visitor)
        await expect(asked(provider)).to_have_count(waiting + 1)
        await is_referred(provider, cite, counsellor, visitor)
        added = {
            "Visites": 1,
            "Entretiens individuels": 3,
            "Dont entretiens d’orientation": 2,
            "Plans confirmés": 1,
            "Demandes envoyées à un organisme": 1,
        }
        wanted = {name: before.get(name, 0) + more for name, more in added.items()}
        await eventually(lambda: figures(results, *period), lambda now: wanted.items() <= now.items())


async def walks_in_talks_and_agrees_to_be_known(liege: Centre, those: Screens, counsellor: Counsellor) -> Visitor:
    """Anonymous until they say yes; the counsellor books from the board. Returns the person, with their link."""
    desk, wall = FrontDesk(await those.of(FRONT_DESK)), await those.nobody()
    await wall.goto("/intake/waiting-room/liege")
    ticket = await desk.checks_in("S’orienter")
    await expect(row(wall.get_by_role("region", name="En attente"), ticket)).to_be_visible()
    await desk.calls(ticket)
    await expect(row(wall.get_by_role("region", name="C’est à vous"), ticket)).to_contain_text("Guichet 1")
    await counsellor.starts_with(ticket)
    await desk.sees_received(ticket)
    await expect(row(wall.get_by_role("main"), ticket)).to_have_count(0)
    liege.until(liege.now() + timedelta(minutes=20))
    await counsellor.finishes_with(ticket)
    await desk.sees_finished(ticket)
    link = await desk.makes_known(ticket, "Prénom", NAME.removeprefix("Prénom "))
    visitor = Visitor(await those.nobody(PHONE), link)
    await visitor.opens_the_link()
    await expect(visitor.page.get_by_text("Votre plan n’est pas encore ouvert")).to_be_visible()
    await counsellor.page.get_by_role("link", name=f"Fixer un rendez-vous – {ticket}").click()
    return visitor


async def takes_a_path_of_two_interviews(liege: Centre, counsellor: Counsellor, visitor: Visitor) -> None:
    """The plan is written between the two, by both, and cannot be confirmed before the second."""
    first = liege.next_working_day()
    await counsellor.books(first, NAME, "liege-r1")
    liege.until(first + timedelta(minutes=60))
    await counsellor.holds()
    await counsellor.opens_plan_of(NAME)
    await visitor.returns()
    await visitor.writes(GOAL)
    await counsellor.plans_a_way(GOAL)
    await counsellor.plans_training(SERVICE)
    await counsellor.cannot_confirm("Entretiens menés : 1 sur 2.")
    await visitor.closes()
    second = liege.next_working_day()
    await counsellor.goes_to("Agenda")
    await counsellor.page.get_by_role("link", name="Entretien d’orientation").first.click()
    await counsellor.page.get_by_role("link", name="Fixer le rendez-vous suivant").click()
    await counsellor.books(second, NAME, "liege-r1", sooner=True)
    liege.until(second + timedelta(minutes=60))
    await counsellor.holds()
    await counsellor.opens_plan_of(NAME)
    await counsellor.confirms()
    await visitor.returns()
    await expect(visitor.page.get_by_role("region", name="Où en est le plan ?")).to_contain_text(CONFIRMED)


def asked(provider: Page) -> Locator:
    """What waits for the provider's answer, the oldest first; other people's too."""
    return provider.get_by_role("region", name="À traiter").get_by_role("listitem")


async def is_referred(provider: Page, cite: Page, counsellor: Counsellor, visitor: Visitor) -> None:
    """The provider sees no name and accepts; the Cité, the counsellor and the person see it without asking."""
    waiting, under_way = (
        asked(provider),
        provider.get_by_role("region", name="Demandes en cours").get_by_role("listitem"),
    )
    before, accepted = await waiting.count(), await under_way.count()
    await waiting.last.get_by_role("button", name="Accepter").click()
    await expect(waiting).to_have_count(before - 1)
    await expect(under_way).to_have_count(accepted + 1)
    await expect(provider.get_by_text(NAME)).to_have_count(0)
    await expect(row(cite.get_by_role("main"), "Accepté").first).to_contain_text(SERVICE)
    await counsellor.goes_to("Demandes")
    await expect(row(counsellor.page.get_by_role("region", name="Demandes en cours"), NAME)).to_contain_text("Accepté")
    await expect(row(visitor.page.get_by_role("main"), "S’inscrire").first).to_contain_text("Accepté")
