"""A personal link as the visitor and the desk meet it: the PIN, the plan that is opened at the desk, the list."""

import logging
import re
from collections.abc import Generator
from html import unescape
from io import StringIO
from uuid import UUID, uuid4

import httpx2
import pytest
import sqlalchemy as sa
import structlog

from services.chassis.copies import visitors
from services.chassis.identity.people import visitor
from services.chassis.identity.tokens import VisitorToken
from services.chassis.runtime.telemetry import configure_logging
from services.chassis.testing import Client, FixedClock, emitted
from services.contracts.intake import VisitIdentified
from services.intake.domain.links import is_pin, new_secret
from services.intake.pages import links as link_pages
from services.intake.store import LinkOpening, PersonalLink
from tests.givens.intake import LIEGE_DESK, NAMUR_DESK, OPERATOR
from tests.givens.rows import all_rows

PAGE = {"accept": "text/html", "accept-language": "fr"}
PIN = "839517"
KEY = {"idempotency-key": "1"}
COOKIE = "cefo-visitor"


@pytest.fixture
def browser(client: Client, monkeypatch: pytest.MonkeyPatch) -> Client:
    """The desk's browser, in French. What ended is seen at once."""
    monkeypatch.setattr(visitors, "CACHE_SECONDS", 0.0)
    monkeypatch.setattr(visitors, "WAIT_SECONDS", 0.02)
    client.headers.update(PAGE)
    return client


@pytest.fixture
def logs(client: Client) -> Generator[StringIO]:
    """What the log of a process would hold, at its most verbose."""
    root, drawn, written = logging.getLogger(), structlog.get_config(), StringIO()
    handlers, level = root.handlers, root.level
    try:
        configure_logging(client.process.settings.model_copy(update={"log_level": "debug"}))
        root.handlers[0].setStream(written)  # pyright: ignore[reportAttributeAccessIssue]
        yield written
    finally:
        root.handlers = handlers
        root.setLevel(level)
        structlog.configure(**drawn)


async def registered(client: Client) -> tuple[UUID, UUID, str]:
    """A person who agreed: their visit, their reference, and the path of their link."""
    visit = uuid4()
    answer = await client.put(f"/intake/api/v1/visits/{visit}", json={"centre": "liege"})
    assert answer.status_code == 200
    told = {"given_name": "Ada", "family_name": f"Démonstration {visit.hex}", "purposes": ["plan"]}
    made = (await client.post(f"/intake/api/v1/visits/{visit}/visitor", json=told)).json()
    return visit, UUID(made["subject_ref"]), path_of(client, made["link"])


def path_of(client: Client, link: str) -> str:
    return link.removeprefix(str(client.process.settings.public_url).rstrip("/"))


async def enter(client: Client, path: str, pin: str = PIN, again: str | None = None) -> httpx2.Response:
    return await client.post(path, data={"pin": pin} | ({"pin_again": again} if again is not None else {}))


async def renewed(client: Client, visit: UUID) -> httpx2.Response:
    """The form that the page of the visit has is sent."""
    page = (await client.get(f"/intake/visits/{visit}")).text
    (current,) = re.findall(r'name="replaces" value="([^"]+)"', page)
    return await client.post(f"/intake/visits/{visit}/link", data={"replaces": current})


def opened(answer: httpx2.Response, client: Client) -> VisitorToken:
    """The token of the cookie that this answer sets."""
    assert answer.status_code == 303, answer.text
    token = client.process.signer.verify(answer.cookies[COOKIE])
    assert isinstance(token, VisitorToken)
    return token


async def openings(client: Client) -> list[tuple[str, str | None]]:
    async with client.store.read() as session:
        rows = (await session.scalars(sa.select(LinkOpening).order_by(LinkOpening.at))).all()  # pyright: ignore
    return [(one.kind, one.centre) for one in rows]


async def test_before_a_pin_is_chosen_the_link_shows_nothing(browser: Client) -> None:
    _, person, path = await registered(browser)
    browser.signed_in(None)
    page = unescape((await browser.get(path)).text)
    assert "Choisissez un code PIN." in page
    assert "Ada" not in page
    assert str(person) not in page
    assert COOKIE not in browser.cookies
    for pin, again, why in (
        ("123456", "123456", "trop facile à deviner"),
        ("839517", "839518", "sont différents"),
        ("83951", "83951", "Indiquez six chiffres."),
        ("", "", "Indiquez six chiffres."),
    ):
        answer = await enter(browser, path, pin, again)
        assert answer.status_code == 422
        assert why in unescape(answer.text)
        assert not pin or f'value="{pin}"' not in answer.text
    assert await openings(browser) == []
    token = opened(await enter(browser, path, PIN, PIN), browser)
    assert (token.subject_ref, token.centre) == (person, None)
    assert await openings(browser) == [("pin_chosen", None)]


async def test_who_printed_the_link_cannot_use_it_without_the_pin(browser: Client, clock: FixedClock) -> None:
    visit, _, path = await registered(browser)
    browser.signed_in(None)
    await enter(browser, path, PIN, PIN)
    browser.cookies.clear()
    assert "Indiquez votre code PIN" in unescape((await browser.get(path)).text)
    for left in (4, 3, 2, 1):
        answer = await enter(browser, path, "111111")
        assert answer.status_code == 422
        assert f"Essais restants\u00a0: {left}." in unescape(answer.text)
    locked = await enter(browser, path, "111111")
    assert (locked.status_code, "Ce lien est bloqué" in unescape(locked.text)) == (409, True)
    assert (await enter(browser, path)).status_code == 409
    assert (await browser.get(path)).status_code == 409
    browser.signed_in(LIEGE_DESK)
    assert "Le lien personnel est bloqué" in unescape((await browser.get(f"/intake/visits/{visit}")).text)
    clock.forward(minutes=1)
    page = (await renewed(browser, visit)).text
    (new,) = re.findall(r'id="link-address">([^<]+)<', page)
    browser.signed_in(None)
    assert opened(await enter(browser, path_of(browser, new), PIN, PIN), browser)
    assert await openings(browser) == [("pin_chosen", None), ("pin_chosen", None)]


async def test_guessing_links_finds_none_and_writes_nothing(browser: Client) -> None:
    await registered(browser)
    before = await all_rows(browser.store)
    browser.signed_in(None)
    for _ in range(50):
        path = f"/intake/l/{new_secret()}"
        assert (await browser.get(path)).status_code == 404
        assert (await enter(browser, path, PIN, PIN)).status_code == 404
    assert await all_rows(browser.store) == before


async def test_an_expired_and_an_erased_link_say_how_to_get_a_new_one(browser: Client, clock: FixedClock) -> None:
    _, person, path = await registered(browser)
    _, _, other = await registered(browser)
    browser.signed_in(OPERATOR)
    assert (await browser.delete(f"/intake/api/v1/visitors/{person}")).status_code == 204
    browser.signed_in(None)
    for dead in (path, other):
        if dead == other:
            clock.forward(days=30)
        for answer in (await browser.get(dead), await enter(browser, dead, PIN, PIN)):
            assert answer.status_code == 404
            assert "Ce lien n’est plus valable." in unescape(answer.text)
    async with browser.store.read() as session:
        assert len((await session.scalars(sa.select(PersonalLink))).all()) == 1


async def test_the_plan_is_opened_at_the_desk_beside_the_agents_session(browser: Client) -> None:
    visit, person, _ = await registered(browser)
    page = unescape((await browser.get(f"/intake/visits/{visit}")).text)
    assert f'href="/intake/visits/{visit}/plan"' in page
    session = browser.cookies["cefo-session"]
    answer = await enter(browser, f"/intake/visits/{visit}/plan", PIN, PIN)
    assert opened(answer, browser).centre == "liege"
    assert browser.cookies["cefo-session"] == session
    mine = unescape((await browser.get("/intake/mine")).text)
    assert "Ce plan est ouvert à l’accueil du centre." in mine
    assert "Cité des métiers de Liège" in mine
    assert (await browser.get("/intake/desk/liege")).status_code == 200, "the agent works on"
    name = await browser.get(f"/intake/fragments/visitors/{person}")
    assert "Ada" in name.text
    kept = browser.cookies[COOKIE]
    closed = await browser.post("/intake/mine/close")
    assert (closed.status_code, closed.headers["location"]) == (303, "/intake/desk/liege")
    assert COOKIE not in browser.cookies
    assert browser.cookies["cefo-session"] == session
    browser.cookies.set(COOKIE, kept)
    assert (await browser.get("/intake/mine")).status_code == 403, "the agent is no visitor"
    browser.signed_in(None)
    browser.cookies.set(COOKIE, kept)
    assert (await browser.get("/intake/mine")).status_code == 303, "a closed opening signs nobody in"


async def test_at_the_desk_a_plan_closes_after_15_idle_minutes(browser: Client, clock: FixedClock) -> None:
    visit, _, _ = await registered(browser)
    await enter(browser, f"/intake/visits/{visit}/plan", PIN, PIN)
    for _ in range(3):
        clock.forward(minutes=14)
        assert (await browser.get("/intake/mine")).status_code == 200
    clock.forward(minutes=15)
    assert (await browser.get("/intake/mine")).status_code == 403
    assert (await browser.get("/intake/desk/liege")).status_code == 200


async def test_a_link_that_the_agents_browser_opens_counts_as_opened_at_the_desk(browser: Client) -> None:
    _, _, path = await registered(browser)
    assert opened(await enter(browser, path, PIN, PIN), browser).centre == "liege"


async def test_another_centre_opens_and_renews_nothing(browser: Client) -> None:
    visit, person, _ = await registered(browser)
    browser.signed_in(NAMUR_DESK)
    assert (await browser.get(f"/intake/visits/{visit}/plan")).status_code == 404
    assert (await enter(browser, f"/intake/visits/{visit}/plan", PIN, PIN)).status_code == 404
    assert (await browser.post(f"/intake/api/v1/visitors/{person}/link", headers=KEY)).status_code == 404
    browser.signed_in(LIEGE_DESK)
    anonymous = uuid4()
    await browser.put(f"/intake/api/v1/visits/{anonymous}", json={"centre": "liege"})
    assert (await browser.get(f"/intake/visits/{anonymous}/plan")).status_code == 404
    assert (await browser.post(f"/intake/api/v1/visitors/{person}/link", headers=KEY)).status_code == 201


async def test_a_key_that_made_the_link_of_one_person_makes_none_for_another(browser: Client) -> None:
    (_, first, _), (_, second, _) = await registered(browser), await registered(browser)
    ada, other = (f"/intake/api/v1/visitors/{person}/link" for person in (first, second))
    answers = [await browser.post(path, headers=KEY | {"accept": "*/*"}) for path in (ada, other, ada)]
    assert [answer.status_code for answer in answers] == [201, 409, 409]
    named = [answer.json()["type"].removeprefix("/problems/") for answer in answers[1:]]
    assert named == ["already-different", "shown-before"]


async def test_a_visitor_at_home_signs_out_by_closing(browser: Client) -> None:
    _, _, path = await registered(browser)
    browser.signed_in(None)
    await enter(browser, path, PIN, PIN)
    page = unescape((await browser.get("/intake/mine")).text)
    assert "Code PIN choisi" in page
    assert "Ailleurs" in page
    assert "Ce plan est ouvert à l’accueil" not in page
    assert 'action="/intake/mine/close"' in page
    answer = await browser.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (307, "/intake/mine/close")
    assert (await browser.post("/intake/mine/close")).headers["location"] == "/"
    assert COOKIE not in browser.cookies
    assert (await browser.post("/intake/mine/close")).status_code == 303, "nothing is open any more"


async def test_the_page_of_openings_is_each_visitors_own(browser: Client) -> None:
    _, _, path = await registered(browser)
    browser.signed_in(None)
    await enter(browser, path, PIN, PIN)
    browser.signed_in(visitor(uuid4()))
    page = unescape((await browser.get("/intake/mine")).text)
    assert "Code PIN choisi" not in page
    assert (await browser.signed_in(None).get("/intake/mine")).status_code == 303


async def test_a_form_that_is_sent_again_does_not_end_the_link_that_it_made(browser: Client, clock: FixedClock) -> None:
    visit, person, _ = await registered(browser)
    clock.forward(minutes=1)
    shown = await renewed(browser, visit)
    (address,) = re.findall(r'id="link-address">([^<]+)<', shown.text)
    sent = {"replaces": re.findall(r"replaces=([^&]+)", shown.request.content.decode())[0]}
    again = await browser.post(f"/intake/visits/{visit}/link", data=sent)
    assert (again.status_code, "link-address" in again.text) == (303, False)
    assert "Ce formulaire a déjà été envoyé." in browser.flash(again)
    for lang in ("", "?lang=de"):
        page = await browser.get(f"/intake/visits/{visit}/link{lang}")
        assert (page.status_code, page.headers["location"]) == (303, f"/intake/visits/{visit}{lang}")
    state = (await browser.get(f"/intake/api/v1/visitors/{person}/link")).json()
    assert state["state"] == "no_pin"
    browser.signed_in(None)
    assert opened(await enter(browser, path_of(browser, address), PIN, PIN), browser).subject_ref == person


async def test_who_comes_back_is_found_by_name_and_gets_a_new_link(browser: Client, clock: FixedClock) -> None:
    _, person, _ = await registered(browser)
    clock.forward(days=40)
    visit = uuid4()
    await browser.put(f"/intake/api/v1/visits/{visit}", json={"centre": "liege"})
    page, seen = f"/intake/visits/{visit}", await all_rows(browser.store)
    for name, status, text in (
        ("a", 422, "au moins deux lettres"),
        ("Ady", 200, "Aucune personne trouvée"),
        ("DÉMO ad", 200, "Ada Démonstration"),
        ("demonst", 200, "Ada Démonstration"),
    ):
        answer = await browser.post(f"{page}/search", data={"name": name})
        assert (answer.status_code, text in unescape(answer.text)) == (status, True), name
    assert await all_rows(browser.store) == seen, "a search keeps nothing"
    answer = await browser.post(f"{page}/person", data={"subject_ref": str(person)})
    assert (answer.status_code, answer.headers["location"]) == (303, page)
    [_, identified] = await emitted(browser.store, VisitIdentified)
    assert isinstance(identified.event, VisitIdentified)
    assert (identified.event.visit_id, identified.event.subject_ref) == (visit, person)
    assert "La personne n’a pas de lien personnel valable." in unescape((await browser.get(page)).text)
    (address,) = re.findall(r'id="link-address">([^<]+)<', (await renewed(browser, visit)).text)
    browser.signed_in(None)
    assert opened(await enter(browser, path_of(browser, address), PIN, PIN), browser).subject_ref == person


async def test_a_person_of_another_centre_is_neither_found_nor_chosen(browser: Client) -> None:
    _, person, _ = await registered(browser)
    browser.signed_in(NAMUR_DESK)
    visit = uuid4()
    await browser.put(f"/intake/api/v1/visits/{visit}", json={"centre": "namur"})
    found = await browser.post(f"/intake/visits/{visit}/search", data={"name": "Démonstration"})
    assert "Aucune personne trouvée" in unescape(found.text)
    for subject_ref in (person, uuid4()):
        chosen = await browser.post(f"/intake/visits/{visit}/person", data={"subject_ref": str(subject_ref)})
        assert chosen.status_code == 404
    assert (await browser.get(f"/intake/api/v1/visitors/{person}/link")).status_code == 404


async def test_the_new_link_is_shown_as_a_sheet_in_four_languages(browser: Client) -> None:
    visit, _, _ = await registered(browser)
    page = unescape((await renewed(browser, visit)).text)
    assert re.search(r'<img src="data:image/svg\+xml', page)
    for lang, words in (
        ("fr", "Votre lien personnel"),
        ("de", "Ihr persönlicher Link"),
        ("nl", "Uw persoonlijke link"),
        ("en", "Your personal link"),
    ):
        assert re.search(rf'lang="{lang}">\s*<h3>{words}', page), lang


async def test_neither_secret_nor_pin_is_in_logs_events_or_rows(
    browser: Client,
    logs: StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, _, path = await registered(browser)
    secret = path.removeprefix("/intake/l/")
    browser.signed_in(None)
    await browser.get(path)
    await enter(browser, path, PIN, PIN)
    await enter(browser, path, "123123")

    async def broken(*_: object) -> None:
        raise RuntimeError("the store is broken")

    monkeypatch.setattr("services.intake.actions.links.link_with", broken)
    assert (await browser.get(path)).status_code == 500
    seen = logs.getvalue()
    assert "request failed" in seen
    for place in (seen, str(await emitted(browser.store)), str(await all_rows(browser.store))):
        for canary in (secret, secret.replace("-", ""), PIN):
            assert canary not in place


async def test_tries_of_a_pin_are_limited_before_it_is_hashed(browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also by a browser that knows the PIN and so starts again with five tries, and also at the desk."""
    visit, _, path = await registered(browser)
    hashed: list[str] = []

    def counted(pin: str, stored: str) -> bool:
        hashed.append(pin)
        return is_pin(pin, stored)

    monkeypatch.setattr(link_pages, "is_pin", counted)
    answers = [(await enter(browser, path, PIN, PIN)).status_code]
    answers += [(await enter(browser, path, pin)).status_code for pin in ("111111", "222222", PIN) * 3]
    assert answers == [303, *[422, 422, 303] * 3]
    for one in (path, f"/intake/visits/{visit}/plan"):
        refused = await enter(browser, one)
        assert (refused.status_code, "Trop de demandes" in unescape(refused.text)) == (429, True)
    assert len(hashed) == 9
    _, _, other = await registered(browser)
    assert (await enter(browser, other, PIN, PIN)).status_code == 303, "another link has its own limit"
