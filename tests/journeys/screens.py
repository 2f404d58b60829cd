"""One adult, as people do it: everybody at a screen of their own; things are found by labels and roles, in French."""

import re
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.page_checks import Trouble, watched_page
from tests.journeys.adult import PIN
from tests.journeys.stacks import Stack

PATIENCE = 20_000
"""Milliseconds that a person looks at a screen before the next call; events need a moment on a busy machine."""
FRONT_DESK, COUNSELLOR = "Accueil du public, Liège", "Équipe de conseil, Liège"
PROVIDER, CITE, REGION = "Organisme, IFAPME (démo)", "Cité des métiers, Charleroi", "Région"
PHONE = 390
CONFIRMED = re.compile(r"Confirmé le \d")
"""What a plan says that was confirmed on a day."""
Answer = TypeVar("Answer")


async def eventually(ask: Callable[[], Awaitable[Answer]], enough: Callable[[Answer], bool]) -> Answer:
    """Look again until it is enough. Fails with what was seen last."""
    end = time.monotonic() + PATIENCE / 1000
    while not enough(answer := await ask()):
        assert time.monotonic() < end, f"still {answer!r}"
    return answer


def row(within: Page | Locator, text: str) -> Locator:
    """The row of a list that says this."""
    return within.get_by_role("listitem").filter(has_text=text)


@dataclass
class Screens:
    """The screens of one journey; what any of them did wrong is kept."""

    browser: Browser
    stack: Stack
    opened: AsyncExitStack
    troubles: list[Trouble] = field(default_factory=list[Trouble])

    async def nobody(self, width: int = 1280, **options: Any) -> Page:
        """A screen at which nobody has signed in."""
        context: dict[str, Any] = {"base_url": self.stack.url, "locale": "fr-BE", **options}
        page, trouble = await self.opened.enter_async_context(watched_page(self.browser, width, **context))
        page.set_default_timeout(PATIENCE)
        self.troubles.append(trouble)
        return page

    async def of(self, account: str, **options: Any) -> Page:
        """A screen at which a person signs in, by the first page's link."""
        page = await self.nobody(**options)
        await page.goto("/")
        await page.get_by_role("main").get_by_role("link", name="Se connecter").click()
        await page.get_by_role("button", name=f"Choisir ce rôle – {account}").click()
        await expect(page.get_by_role("button", name="Se déconnecter")).to_be_visible()
        return page

    def faults(self) -> list[str]:
        """What the console, the scripts or the policy complained about, on any screen."""
        return [fault for trouble in self.troubles for fault in trouble.all()]


@asynccontextmanager
async def screens(browser: Browser, stack: Stack) -> AsyncGenerator[Screens]:
    """Screens for as long as the block lasts; no page may complain meanwhile."""
    expect.set_options(timeout=PATIENCE)
    async with AsyncExitStack() as opened:
        those = Screens(browser, stack, opened)
        yield those
        faults = those.faults()
        assert not faults, faults


def message(page: Page, text: str) -> Locator:
    """Where the page shows this message; it is also read out, from an element that nobody sees."""
    return page.locator("#flash").filter(has_text=text)


async def ticket_given(page: Page) -> str:
    """The ticket that the desk's page asks to hand over."""
    given = page.get_by_role("status").filter(has_text="à donner à la personne")
    found = re.search(r"Ticket (\S+)", await given.inner_text())
    assert found is not None
    return found[1]


@dataclass
class FrontDesk:
    """The agent at the front desk, on the desk page."""

    page: Page

    async def checks_in(self, area: str) -> str:
        """A visitor chooses a need and takes a ticket. Returns it."""
        await self.page.get_by_role("radio", name=area).first.check()
        async with self.page.expect_response(lambda answer: answer.url.endswith("/visits")):
            await self.page.get_by_role("button", name="Donner un ticket").click()
        await expect(self.page.get_by_role("radio", name="Non précisé")).to_be_checked()
        ticket = await ticket_given(self.page)
        await expect(row(self.page.get_by_role("region", name="En attente"), ticket)).to_be_visible()
        return ticket

    async def calls(self, ticket: str) -> None:
        """Call the ticket to this desk, the first one; the board moves without a new page."""
        if await (first := self.page.locator(".here button").first).count():
            async with self.page.expect_navigation():
                await first.click()
        await self.page.get_by_role("button", name=f"Appeler – {ticket}").click()
        await expect(row(self.page.get_by_role("region", name="Appels en cours"), ticket)).to_be_visible()

    async def receives(self, ticket: str) -> None:
        """The person has come to the desk."""
        await self.page.get_by_role("button", name=f"Recevoir la personne – {ticket}").click()
        await self.sees_received(ticket)

    async def sees_received(self, ticket: str) -> None:
        """The person is received, by the desk or by a counsellor who begins an interview."""
        await expect(row(self.page.get_by_role("region", name="Au guichet"), ticket)).to_be_visible()

    async def sees_finished(self, ticket: str) -> None:
        """The visit is over; the person may still be registered."""
        await expect(row(self.page.get_by_role("region", name="Terminé à l’instant"), ticket)).to_be_visible()

    async def makes_known(self, ticket: str, given_name: str, family_name: str) -> str:
        """The person agrees to be known, for guidance, a plan and referrals. Returns their personal link."""
        page = self.page
        await page.get_by_role("link", name=f"Enregistrer la personne – {ticket}").click()
        await page.get_by_role("button", name="Enregistrer l’accord").click()
        alert = page.get_by_role("alert")
        await expect(alert).to_contain_text("Indiquez le prénom.")
        await page.get_by_label("Prénom", exact=True).fill(given_name)
        await page.get_by_label("Nom", exact=True).fill(family_name)
        await page.get_by_role("checkbox", name="pour des rendez-vous").check()
        await page.get_by_role("checkbox", name="pour un plan d’orientation").check()
        await page.get_by_role("checkbox", name="pour des demandes à des organismes").check()
        await page.get_by_role("button", name="Enregistrer l’accord").click()
        await expect(page.get_by_role("heading", name="Accord enregistré")).to_be_visible()
        link = await page.get_by_role("textbox", name="À copier dans un message").input_value()
        await page.get_by_role("link", name="Retour à l’accueil du public").click()
        return link

    async def says_goodbye(self, ticket: str) -> None:
        """The visit is over."""
        await self.page.get_by_role("button", name=f"Terminer la visite – {ticket}").click()
        await expect(row(self.page.get_by_role("region", name="Au guichet"), ticket)).to_have_count(0)


@dataclass
class Counsellor:
    """The counsellor, between the board, the agenda, the workshops and the plans."""

    page: Page

    async def goes_to(self, where: str) -> None:
        """Choose a page in the main navigation."""
        await self.page.get_by_role("navigation", name="Navigation principale").get_by_role("link", name=where).click()

    async def starts_with(self, ticket: str) -> None:
        """Sees on the board that this person is here, and begins the interview."""
        await self.goes_to("File d’attente")
        await self.page.get_by_role("button", name=f"Commencer l’entretien – {ticket}").click()
        mine = self.page.get_by_role("region", name="Mon entretien en cours")
        await expect(row(mine, ticket)).to_contain_text("en entretien depuis")

    async def finishes_with(self, ticket: str) -> None:
        """Says goodbye; the interview counts."""
        finish = self.page.get_by_role("button", name=f"Terminer l’entretien – {ticket}")
        await finish.click()
        await expect(finish).to_have_count(0)

    async def books(self, begins: datetime, name: str, room: str, *, sooner: bool = False) -> None:
        """Fill in the booking form that is open, for an hour. `sooner`: without the time for reflection."""
        page = self.page
        await expect(page.get_by_text(name)).to_be_visible()
        await page.get_by_label("Date", exact=True).fill(begins.date().isoformat())
        await page.get_by_label("Heure", exact=True).fill(f"{begins:%H:%M}")
        await page.get_by_role("radio", name="1 h").check()
        await page.get_by_label("Local").select_option(room)
        book = page.get_by_role("button", name="Fixer le rendez-vous", exact=True)
        await book.click()
        if sooner:
            await page.get_by_label("Fixer quand même plus tôt").check()
            await book.click()
        await expect(message(page, "Le rendez-vous est fixé.")).to_be_visible()

    async def holds(self) -> None:
        """Notes on the interview's page, which was opened before it began, that it took place."""
        await self.page.reload()
        await self.page.get_by_role("button", name="Noter que l’entretien a eu lieu").click()
        await expect(message(self.page, "C’est noté : l’entretien a eu lieu.")).to_be_visible()

    async def announces(self, title: str, begins: datetime) -> None:
        """A workshop of one session of two hours."""
        page = self.page
        await self.goes_to("Ateliers")
        await page.get_by_role("link", name="Créer un atelier").click()
        await page.get_by_label("Titre").fill(title)
        await page.get_by_label("Date de la première séance").fill(begins.date().isoformat())
        await page.get_by_label("Heure", exact=True).fill(f"{begins:%H:%M}")
        await page.get_by_label("Durée d’une séance, en minutes").fill("120")
        await page.get_by_label("Nombre de séances").fill("1")
        await page.get_by_label("Places").fill("8")
        await page.get_by_label("Local").select_option("liege-r2")
        await page.get_by_role("button", name="Créer l’atelier").click()
        await expect(page.get_by_role("heading", name=title)).to_be_visible()

    async def gives_a_seat(self, name: str) -> None:
        """A known person takes a seat of the workshop that is open, and stands no longer in the list to choose from."""
        page = self.page
        person = page.get_by_role("radio", name=name)
        await eventually(lambda: self._shown(person), bool)
        await person.check()
        await page.get_by_role("button", name="Inscrire une personne").click()
        await expect(message(page, "La personne est inscrite.")).to_be_visible()
        await expect(row(page.get_by_role("region", name="Personnes inscrites"), name)).to_be_visible()
        await expect(person).to_have_count(0)

    async def _shown(self, person: Locator) -> bool:
        """Whether it is there; if not, the page is reloaded."""
        shown = await person.count() > 0
        if not shown:
            await self.page.reload(wait_until="networkidle")
        return shown

    async def notes_attendance(self, name: str) -> None:
        """Ticks who came to the session that has begun."""
        page = self.page
        await page.reload()
        await page.get_by_role("checkbox", name=name).check()
        await page.get_by_role("button", name="Enregistrer les présences", exact=True).click()
        await expect(message(page, "Vous pouvez fixer les entretiens finaux.")).to_be_visible()

    async def opens_plan_of(self, name: str) -> None:
        """The person's plan, from the list of plans."""
        await self.goes_to("Plans")
        card = row(self.page.get_by_role("main"), name)
        await eventually(lambda: self._shown(card), bool)
        await card.get_by_role("link").first.click()
        await expect(self.page.get_by_role("heading", name="Plan d’orientation")).to_be_visible()

    async def plans_a_way(self, goal: str) -> None:
        """A track towards the goal that the person set; it came to this screen by itself."""
        card = self.page.get_by_role("article", name=goal)
        await card.get_by_text("Ajouter une piste").click()
        await card.get_by_label("Une piste pour cet objectif").fill("Se former")
        await card.get_by_label("Pour quel besoin ?").select_option(label="Se former")
        await card.get_by_role("button", name="Ajouter la piste").click()
        await expect(self.page.get_by_role("region", name="Se former")).to_be_visible()

    async def plans_training(self, service: str) -> None:
        """An action on the track that needs a provider; its service is chosen here."""
        page = self.page
        await page.get_by_role("link", name="Ajouter une action – Se former").click()
        await page.get_by_label("Que faut-il faire ?").fill("S’inscrire")
        await page.get_by_role("checkbox", name="Envoyer une demande à un organisme").check()
        await page.get_by_label("Raison de la demande").select_option(label="Formation")
        options = page.get_by_label("Quel service ?").get_by_role("option").filter(has_text=service)
        await page.get_by_label("Quel service ?").select_option(label=await options.first.inner_text())
        await page.get_by_role("button", name="Ajouter l’action").click()
        await expect(message(page, "L’action est ajoutée et la demande est créée.")).to_be_visible()

    async def cannot_confirm(self, why: str) -> None:
        """The plan says what is missing, and has no button to confirm it."""
        standing = self.page.get_by_role("region", name="Où en est le plan ?")
        await expect(standing).to_contain_text(why)
        await expect(standing.get_by_text("Confirmer le plan", exact=True)).to_have_count(0)

    async def confirms(self) -> None:
        """Confirms the plan; the button appears by itself once the method's rule holds, and asks first."""
        await self.page.get_by_text("Confirmer le plan", exact=True).click()
        await self.page.get_by_role("button", name="Oui, confirmer le plan").click()
        await expect(message(self.page, "Le plan est confirmé. Bravo à vous deux !")).to_be_visible()


@dataclass
class Visitor:
    """The person, with their personal link on a phone."""

    page: Page
    link: str

    async def opens_the_link(self) -> None:
        """The link asks for a PIN of the person's own, and then leads to their page."""
        page = self.page
        await page.goto(self.link)
        await page.get_by_label("Code PIN de six chiffres").fill("123456")
        await page.get_by_label("Le même code PIN encore une fois").fill("123456")
        await page.get_by_role("button", name="Ouvrir mon espace").click()
        await expect(page.get_by_role("alert")).to_contain_text("trop facile à deviner")
        await page.get_by_label("Code PIN de six chiffres").fill(PIN)
        await page.get_by_label("Le même code PIN encore une fois").fill(PIN)
        await page.get_by_role("button", name="Ouvrir mon espace").click()
        await expect(page.get_by_role("heading", name="Mon espace")).to_be_visible()

    async def opens_the_plan(self) -> None:
        """From their page."""
        await self.page.get_by_role("link", name="Ouvrir mon plan").click()

    async def closes(self) -> None:
        """Closes the plan until the next time."""
        await self.page.get_by_text("Menu", exact=True).click()
        await self.page.get_by_role("button", name="Fermer mon plan").click()
        await expect(message(self.page, "Le plan est fermé.")).to_be_visible()

    async def returns(self) -> None:
        """Days later the link asks for the same PIN, and the page leads to the plan."""
        page = self.page
        await page.goto(self.link)
        await page.get_by_label("Code PIN de six chiffres").fill(PIN)
        await page.get_by_role("button", name="Ouvrir mon espace").click()
        await self.opens_the_plan()

    async def writes(self, goal: str) -> None:
        """Along the six dimensions, a step with its result, a thought, and a goal."""
        page = self.page
        for dimension in ("Compétences", "Motivation", "Valeurs", "Intérêts", "Obstacles", "Informations trouvées"):
            await page.get_by_role("link", name=re.compile(f"^Écrire – {dimension}")).click()
            await page.get_by_label("Votre texte").fill(f"Démonstration : {dimension}")
            await page.get_by_role("button", name="Enregistrer", exact=True).click()
            await expect(page.get_by_text(f"Démonstration : {dimension}")).to_be_visible()
        await page.get_by_text("Ajouter une démarche").click()
        await page.get_by_label("Que voulez-vous savoir ?").fill("Visiter un centre de formation")
        await page.get_by_role("button", name="Ajouter la démarche").click()
        await page.get_by_role("link", name="Noter le résultat – Visiter un centre de formation").click()
        await page.get_by_label("Le résultat").fill("Places en janvier.")
        await page.get_by_role("button", name="Enregistrer", exact=True).click()
        await page.get_by_text("Ajouter une note").click()
        await page.get_by_label("Votre note").fill("Cela me plaît.")
        await page.get_by_role("button", name="Enregistrer la note").click()
        await page.get_by_text("Ajouter un objectif").click()
        await page.get_by_label("L’objectif, en une phrase").fill(goal)
        await page.get_by_role("button", name="Ajouter l’objectif").click()
        await expect(page.get_by_role("article", name=goal)).to_be_visible()


async def figures(page: Page, since: datetime, until: datetime) -> dict[str, int]:
    """What the results page says of Liège in this period, in its own words; empty if nothing was counted."""
    await page.goto("/impact/exact")
    await page.get_by_label("Du", exact=True).fill(since.date().isoformat())
    await page.get_by_label("Au", exact=True).fill(until.date().isoformat())
    await page.get_by_label("Centre", exact=True).select_option(label="Cité des métiers de Liège")
    await page.get_by_role("button", name="Afficher").click()
    await page.wait_for_url("**/impact/exact?*centre=liege*")
    names = await page.get_by_role("term").all_inner_texts()
    values = await page.locator(".figure-value").all_inner_texts()
    return {name: int(re.sub(r"\D", "", value)) for name, value in zip(names, values, strict=True)}
