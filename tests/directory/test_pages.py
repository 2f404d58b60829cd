"""The directory's pages: what people see, in four languages, and what a form does."""

import re
from html import unescape
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.chassis.identity.people import Person
from services.chassis.testing import FixedClock
from services.directory import actions
from services.directory.demo import organization_id, service_id
from services.directory.domain.centres import centre_id
from services.directory.store import Centre, Referral, Service
from tests.directory.test_api import referral, sent
from tests.directory.web import ARLON, CITE, COUNSELLOR, MANAGER, OTHER_PROVIDER, PROVIDER, Site
from tests.doors.doors import OFFER
from tests.givens.directory import register
from tests.givens.rows import all_rows

APPRENTICESHIP = service_id("ifapme", 1)


async def look(site: Site, person: Person | None, path: str, language: str = "en") -> str:
    """The page, which must be there."""
    async with site.as_(person, page=True, language=language) as browser:
        answer = await browser.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.text[:500])
    return answer.text


async def submit(site: Site, person: Person, path: str, **form: Any) -> tuple[int, str, str]:
    """Status, where to, and the page that is shown then or instead."""
    async with site.as_(person, page=True) as browser:
        answer = await browser.post(path, data={name: str(value) for name, value in form.items()})
        to = answer.headers.get("location", "")
        shown = (await browser.get(to)).text if to else answer.text
    return answer.status_code, to, shown


async def change(site: Site, **fields: Any) -> None:
    """Change the service, also to what no form would allow."""
    async with site.store.work() as work:
        service = await work.session.get(Service, APPRENTICESHIP)
        assert service is not None
        for name, value in fields.items():
            setattr(service, name, value)


async def waiting(site: Site, wanted: UUID | None = None, subject_ref: UUID | None = None) -> UUID:
    """An action of a plan in Mons that needs a service."""
    id = uuid4()
    subject_ref = await register(site.store, subject_ref)
    async with site.store.work() as work:
        await actions.refer_from_plan(
            work,
            id,
            subject_ref=subject_ref,
            centre="mons",
            area="create-business",
            service_id=wanted,
            reason="business-start",
            plan_id=uuid4(),
        )
    return id


@pytest.mark.parametrize("language", ["fr", "de", "nl", "en"])
async def test_every_page_speaks_every_language(site: Site, language: str) -> None:
    asked = await sent(site)
    action = await waiting(site, service_id("promotion-sociale", 3))
    pages: list[tuple[Person | None, str]] = [
        (None, "/directory/"),
        (None, "/directory/?q=formation&why=1"),
        (None, "/directory/?q=xylophone"),
        (None, f"/directory/services/{APPRENTICESHIP}"),
        (None, f"/directory/organizations/{organization_id('ifapme')}"),
        (PROVIDER, "/directory/inbox"),
        (PROVIDER, "/directory/entry"),
        (PROVIDER, f"/directory/entry/{APPRENTICESHIP}"),
        (PROVIDER, f"/directory/referrals/{asked['id']}"),
        (COUNSELLOR, "/directory/referrals?centre=mons"),
        (COUNSELLOR, f"/directory/referrals/{asked['id']}"),
        (COUNSELLOR, f"/directory/referrals/new?service_id={APPRENTICESHIP}"),
        (COUNSELLOR, f"/directory/undirected/{action}"),
        (CITE, "/directory/referral-events"),
        (MANAGER, "/directory/referral-events"),
    ]
    for person, path in pages:
        text = await look(site, person, path, language)
        assert f'<html lang="{language}">' in text
        assert text.count("<h1") == 1, path
        assert not re.search(r"<[^>]+ style=", text), path
        ids = re.findall(r'\sid="([^"]+)"', text)
        assert len(ids) == len(set(ids)), (path, sorted(id for id in ids if ids.count(id) > 1))


async def test_a_board_leads_to_every_referral(site: Site, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.directory.pages.referral_lists.SHOWN", 1)
    monkeypatch.setattr("services.directory.pages.referrals.SHOWN", 1)
    ids: list[str] = []
    for _ in range(3):
        clock.forward(minutes=1)
        ids.append((await sent(site))["id"])
    without = sorted([str(await waiting(site)), str(await waiting(site))])
    for person, board, lists, expected in (
        (COUNSELLOR, "/directory/referrals?centre=mons", "/directory/referrals/stages/unanswered", ids),
        (COUNSELLOR, "/directory/referrals?centre=mons", "/directory/referrals/unassigned", without),
        (PROVIDER, "/directory/inbox", "/directory/inbox/stages/unanswered", ids),
    ):
        shown = await look(site, person, board)
        found = _ids(shown)
        assert f'<span class="board-count">{len(expected)}</span>' in shown
        (url,) = re.findall(rf'href="({lists}[^"]+)"', shown)
        while url:
            shown = await look(site, person, unescape(url))
            found += _ids(shown)
            following = re.findall(r'href="(\?[^"]*after=[^"]+)"', shown)
            url = lists + following[0] if following else ""
        assert [one for one in found if one in expected] == expected


def _ids(shown: str) -> list[str]:
    return re.findall(r'id="(?:referral|unassigned)-([^"]+)"', shown)


async def test_a_search_by_a_visitor_finds_and_explains(site: Site) -> None:
    text = await look(site, None, "/directory/?q=comptabilité&town=mons")
    assert "Formation de chef d’entreprise" in text
    assert "The same rule applies to every service" in text
    assert "(optional)" not in text
    assert "Points:" not in text
    assert "Points:" in await look(site, None, "/directory/?q=comptabilité&town=mons&why=1")
    nothing = await look(site, None, "/directory/?q=xylophone")
    assert "No results" in nothing
    assert ">0 results<" in nothing
    assert "Atelier CV" in await look(site, None, "/directory/?q=cv&utm_source=leaflet")


async def test_services_and_centres_are_in_the_order_of_the_alphabet(site: Site) -> None:
    names, owner = ["Zoologie", "atelier", "Écriture", "Budget"], uuid4()
    places: list[Any] = []
    services = [OFFER | {"id": str(uuid4()), "name": name, "places": places} for name in names]
    body: dict[str, Any] = {"name": "Essai", "description": "Un essai.", "services": services}
    made = await site.put(MANAGER, f"/organizations/{owner}", body)
    assert made.status_code == 200, made.text
    shown = await look(site, None, f"/directory/organizations/{owner}")
    assert sorted(names, key=shown.index) == ["atelier", "Budget", "Écriture", "Zoologie"]
    both = COUNSELLOR.model_copy(update={"centres": frozenset({"la-louviere", "liege", "arlon"})})
    async with site.store.work() as work:
        (await work.session.get_one(Centre, centre_id("arlon"))).name = "Zénith"
        (await work.session.get_one(Centre, centre_id("liege"))).name = "atelier"
        (await work.session.get_one(Centre, centre_id("la-louviere"))).name = "Écluse"
    shown = await look(site, both, "/directory/referrals")
    assert [*re.findall(r"Zénith|atelier|Écluse", shown)] == ["atelier", "Écluse", "Zénith"]


async def test_a_search_in_an_unknown_area_says_so(site: Site) -> None:
    async with site.as_(None, page=True) as browser:
        answer = await browser.get("/directory/?area=mobility")
    assert answer.status_code == 422
    assert "This need is not in the list." in answer.text
    assert "0 results" not in answer.text


async def test_what_is_written_in_an_entry_is_never_markup(site: Site) -> None:
    status, _, _ = await submit(
        site,
        PROVIDER,
        f"/directory/entry/{APPRENTICESHIP}",
        name="<script>alert(1)</script>",
        description="a & b",
        status="active",
        version=1,
    )
    assert status == 303
    text = await look(site, None, f"/directory/services/{APPRENTICESHIP}")
    assert "<script>alert(1)" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert '<meta name="description" content="a &amp; b">' in text


@pytest.mark.parametrize(
    ("youngest", "oldest", "shown"),
    [
        (18, None, "à partir de 18 ans"),
        (None, 25, "jusqu’à 25 ans"),
        (0, 25, "jusqu’à 25 ans"),
        (18, 25, "de 18 à 25 ans"),
    ],
)
async def test_ages_have_one_limit_or_two(site: Site, youngest: int | None, oldest: int | None, shown: str) -> None:
    await change(site, minimum_age=youngest, maximum_age=oldest)
    text = await look(site, None, f"/directory/services/{APPRENTICESHIP}", "fr")
    assert f"<dd>{shown}</dd>" in text


@pytest.mark.parametrize(("left", "shown"), [(4, "4 sur 10"), (0, "Complet pour le moment")])
async def test_places_left_stand_under_their_label(site: Site, left: int, shown: str) -> None:
    await change(site, capacity=10, places_open=left)
    text = await look(site, None, f"/directory/services/{APPRENTICESHIP}", "fr")
    assert f"<dt>Places libres</dt><dd>{shown}</dd>" in text


async def test_a_code_without_a_word_is_not_shown(site: Site) -> None:
    await change(site, topics=["guidance", "astrology"], languages=["fr", "elvish"], areas=["find-job", "mobility"])
    text = await look(site, None, f"/directory/services/{APPRENTICESHIP}")
    assert not re.search("astrology|mobility|elvish", text)
    assert "<li>Guidance and counselling</li>" in text
    assert "<li>Other need</li>" in text
    assert "<dd>French</dd>" in text


async def test_a_reason_without_a_word_is_another_reason(site: Site) -> None:
    asked = await sent(site)
    async with site.store.work() as work:
        row = await work.session.get(Referral, UUID(asked["id"]))
        assert row is not None
        row.reason = "curiosity"
    text = await look(site, COUNSELLOR, f"/directory/referrals/{asked['id']}")
    assert "curiosity" not in text
    assert "Other reason" in text


async def test_each_side_reads_its_own_sentence_about_the_deadline(site: Site) -> None:
    asked = await sent(site)
    path = f"/directory/referrals/{asked['id']}"
    assert "Antworten Sie bis zum 1. April 2026." in await look(site, PROVIDER, path, "de")
    assert "Der Anbieter muss bis zum 1. April 2026 antworten." in await look(site, COUNSELLOR, path, "de")


async def test_numbers_have_plural_forms(site: Site) -> None:
    await sent(site)
    assert 'data-announce="1 demande à traiter"' in await look(site, PROVIDER, "/directory/inbox", "fr")
    await sent(site)
    assert 'data-announce="2 demandes à traiter"' in await look(site, PROVIDER, "/directory/inbox", "fr")
    entry = await look(site, PROVIDER, "/directory/entry", "fr")
    assert "2 demandes</span>" in entry
    assert "0 vue</span>" in entry
    assert "sur les 30 derniers jours" in entry


async def test_a_provider_changes_its_entry(site: Site) -> None:
    url = f"/directory/entry/{APPRENTICESHIP}"
    form = {"name": "Alternance", "description": "En entreprise.", "status": "active", "capacity": 10, "version": 1}
    status, to, shown = await submit(site, PROVIDER, url, **form, places_open=4, assured="true")
    assert (status, to) == (303, "/directory/entry")
    assert "Alternance" in shown
    assert "Places left: 4 of 10" in shown
    assert "Information checked on 2 March 2026" in shown
    async with site.store.read() as session:
        service = await session.get(Service, APPRENTICESHIP)
    assert service is not None
    assert (service.version, service.places_open) == (2, 4)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"places_open": 11}, "Places left: 11. Places in total: 10."),
        ({"places_open": "many"}, "Enter a whole number, for example 12."),
        ({"name": ""}, "Fill in this field."),
        ({"description": "Tout autre." + "x" * 6000}, "Shorten the text. Maximum number of characters: 4000."),
        ({"status": "perhaps"}, "Choose one of these"),
        ({"version": 9}, "Someone changed this page in the meantime"),
    ],
)
async def test_a_faulty_entry_keeps_what_was_typed_and_changes_nothing(
    site: Site, change: dict[str, Any], words: str
) -> None:
    form = {"name": "Alternance", "description": "Tout autre.", "status": "active", "capacity": 10, "version": 1}
    status, _, shown = await submit(site, PROVIDER, f"/directory/entry/{APPRENTICESHIP}", **(form | change))
    assert status == 422
    assert words in shown
    assert "Tout autre." in shown
    async with site.store.read() as session:
        service = await session.get(Service, APPRENTICESHIP)
    assert service is not None
    assert service.version == 1


async def test_a_provider_confirms_with_one_button(site: Site) -> None:
    _, _, shown = await submit(site, PROVIDER, f"/directory/entry/{APPRENTICESHIP}/confirm", version=1)
    assert "Check recorded with today’s date." in shown
    status, _, _ = await submit(site, OTHER_PROVIDER, f"/directory/entry/{APPRENTICESHIP}/confirm", version=2)
    assert status == 404


async def test_a_counsellor_sends_somebody_and_the_provider_answers(site: Site) -> None:
    subject_ref = await register(site.store)
    form = {"id": uuid4(), "service_id": APPRENTICESHIP, "subject_ref": subject_ref, "reason": "training"}
    status, to, shown = await submit(site, COUNSELLOR, "/directory/referrals", **form)
    assert status == 303
    assert "The referral has been sent to the provider." in shown
    assert (await submit(site, COUNSELLOR, "/directory/referrals", **form))[1] == to
    id = to.rsplit("/", 1)[1]
    inbox = await look(site, PROVIDER, "/directory/inbox")
    assert str(subject_ref) not in inbox
    reference = re.search(r">([0-9A-F]{4}-[0-9A-F]{4})</a>", inbox)
    assert reference is not None
    assert reference.group(1) in await look(site, COUNSELLOR, f"/directory/referrals/{id}")
    answer = {"status": "rejected", "reason": "no-places", "version": 1, "back": "inbox"}
    status, to, shown = await submit(site, PROVIDER, f"/directory/referrals/{id}/progress", **answer)
    assert (status, to) == (303, "/directory/inbox")
    assert "Referral declined. The centre has been told." in shown
    page = await look(site, COUNSELLOR, f"/directory/referrals/{id}")
    assert "No places left" in page
    assert "Withdraw the referral" not in page


async def test_a_referral_with_a_fault_is_shown_again(site: Site) -> None:
    form = {"id": uuid4(), "service_id": APPRENTICESHIP, "subject_ref": "7f2c", "reason": ""}
    status, _, shown = await submit(site, COUNSELLOR, "/directory/referrals", **form)
    assert status == 422
    assert "This reference is not complete." in shown
    assert 'value="7f2c"' in shown
    assert 'id="reason-error"' in shown


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"reason": "holiday"}, 'href="#reason"'),
        ({"service_id": service_id("siep", 1)}, "already"),
        ({"subject_ref": f"https://cefo.test/plans/{uuid4()}?and=more&than=sixty"}, 'id="subject_ref-error"'),
    ],
)
async def test_a_refused_referral_keeps_its_form_and_changes_nothing(
    site: Site, change: dict[str, Any], message: str
) -> None:
    form = {
        "id": uuid4(),
        "service_id": APPRENTICESHIP,
        "subject_ref": await register(site.store),
        "reason": "training",
    }
    assert (await submit(site, COUNSELLOR, "/directory/referrals", **form))[0] == 303
    before = await all_rows(site.store)
    again = form | {"id": uuid4()} | change
    if "service_id" in change:
        again["id"] = form["id"]  # sent again, as another one
    status, _, shown = await submit(site, COUNSELLOR, "/directory/referrals", **again)
    assert status == 422
    assert message in shown
    assert f'value="{str(again["subject_ref"]).replace("&", "&amp;")}"' in shown
    assert await all_rows(site.store) == before


async def test_who_was_sent_there_already_is_not_sent_twice(site: Site) -> None:
    form = {"service_id": APPRENTICESHIP, "subject_ref": await register(site.store), "reason": "training"}
    first, to, _ = await submit(site, COUNSELLOR, "/directory/referrals", id=uuid4(), **form)
    assert first == 303
    before = await all_rows(site.store)
    status, _, elsewhere = await submit(site, ARLON, "/directory/referrals", id=uuid4(), **form)
    assert status == 422
    assert to not in elsewhere
    status, _, shown = await submit(site, COUNSELLOR, "/directory/referrals", id=uuid4(), **form)
    assert status == 422
    assert f'<a class="button secondary" href="{to}">' in shown
    assert f'value="{form["subject_ref"]}"' in shown
    assert await all_rows(site.store) == before


async def test_a_counsellor_of_two_centres_says_for_which(site: Site) -> None:
    both = COUNSELLOR.model_copy(update={"centres": frozenset({"mons", "arlon"})})
    form = {
        "id": uuid4(),
        "service_id": APPRENTICESHIP,
        "subject_ref": await register(site.store),
        "reason": "training",
    }
    status, _, shown = await submit(site, both, "/directory/referrals", **form)
    assert status == 422
    assert 'id="centre-error"' in shown
    assert (await submit(site, both, "/directory/referrals", **form, centre="mons"))[0] == 303


async def test_what_waits_is_directed_from_the_search_in_its_area(site: Site) -> None:
    action = await waiting(site)
    board = await look(site, COUNSELLOR, "/directory/referrals?centre=mons")
    assert "No service chosen yet" in board
    page = await look(site, COUNSELLOR, f"/directory/undirected/{action}")
    offered = set(re.findall(r'name="service_id" value="([^"]+)"', page))
    assert str(service_id("azimut", 1)) in offered
    assert str(service_id("siep", 1)) not in offered
    status, _, shown = await submit(
        site, COUNSELLOR, f"/directory/undirected/{action}", service_id=service_id("azimut", 1)
    )
    assert status == 303
    assert "Tester son activité" in shown
    assert "No service chosen yet" not in await look(site, COUNSELLOR, "/directory/referrals?centre=mons")


async def test_a_plan_s_action_leads_to_the_referral_that_is_open_already(site: Site) -> None:
    subject_ref = uuid4()
    asked = await sent(site, subject_ref=str(subject_ref))
    action = await waiting(site, APPRENTICESHIP, subject_ref)
    page = await look(site, COUNSELLOR, f"/directory/undirected/{action}")
    assert f'<a class="button secondary" href="/directory/referrals/{asked["id"]}">' in page


async def test_what_needs_no_provider_is_taken_off_the_list(site: Site) -> None:
    action = await waiting(site)
    status, _, shown = await submit(site, COUNSELLOR, f"/directory/undirected/{action}/dismiss")
    assert status == 303
    assert "Referral removed from the list." in shown


async def test_a_cite_sees_the_events_under_its_own_references(site: Site) -> None:
    subject_ref = uuid4()
    await sent(site, subject_ref=str(subject_ref))
    text = await look(site, CITE, "/directory/referral-events")
    assert "Formation en alternance pour adultes" in text
    assert ">Sent<" in text
    assert str(subject_ref) not in text
    assert re.search(r"[0-9A-F]{4}-[0-9A-F]{4}", text)


async def test_pages_refuse_whom_they_are_not_for(site: Site) -> None:
    asked = await site.post(COUNSELLOR, "/referrals", referral(subject_ref=str(await register(site.store))))
    id = asked.json()["id"]
    cases: list[tuple[Person, str, int]] = [
        (ARLON, "/directory/referrals?centre=mons", 403),
        (ARLON, f"/directory/referrals/{id}", 404),
        (OTHER_PROVIDER, f"/directory/referrals/{id}", 404),
        (OTHER_PROVIDER, f"/directory/entry/{APPRENTICESHIP}", 404),
        (CITE, "/directory/inbox", 403),
        (COUNSELLOR, "/directory/referral-events", 403),
        (PROVIDER, "/directory/referrals?centre=mons", 403),
    ]
    for person, path, expected in cases:
        async with site.as_(person, page=True) as browser:
            answer = await browser.get(path)
        assert answer.status_code == expected, (path, person.subject)
    async with site.as_(None, page=True) as browser:
        assert (await browser.get("/directory/inbox")).headers["location"].startswith("/sign-in?next=")


async def test_a_form_from_elsewhere_changes_nothing(site: Site) -> None:
    async with site.as_(PROVIDER, page=True) as browser:
        answer = await browser.post(
            f"/directory/entry/{APPRENTICESHIP}/confirm",
            data={"version": "1"},
            headers={"sec-fetch-site": "cross-site"},
        )
    assert answer.status_code == 403
