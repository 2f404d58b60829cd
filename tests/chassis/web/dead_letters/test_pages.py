"""Dead letters as an operator sees them on pages: record, reason, and the decision."""

import re
from html import unescape
from typing import Any
from uuid import uuid4

import pytest

from services.chassis.i18n import LANGUAGES, translate
from services.chassis.service.retention import delete_sealed
from services.chassis.testing import Client, FixedClock, record_of
from services.chassis.web.dead_letters import REASONS, pages
from services.chassis.web.dead_letters.reasons import reason_words
from services.contracts.intake import DeskCheckIn, VisitLeft, VisitServed
from tests.chassis.conftest import DESK, OPERATOR
from tests.chassis.sample_service import Account
from tests.chassis.web.dead_letters.records import API, AS_PAGE, NOON, PAGE, broken, served


async def only(operator: Client, state: str = "dead") -> str:
    [dead] = (await operator.get(API, params={"state": state})).json()
    return dead["id"]


async def test_a_dead_letter_is_shown_with_its_record_and_reason(operator: Client) -> None:
    visit = uuid4()
    await operator.consume(broken(visit), served(visit, 2), served(visit, 3))
    shown = await operator.get(f"{PAGE}/{await only(operator)}", headers=AS_PAGE)
    for expected in (
        "bad-data",
        "cefo.intake.visits/1/7",
        str(visit),
        "event 1",
        "ce_type",
        "/intake",
    ):
        assert expected in shown.text
    assert "\\xff{&lt;b&gt;" not in shown.text
    assert "2 later events of the same record wait for this one." in shown.text
    assert (await operator.get(f"{API}/{await only(operator)}")).json()["behind"] == 2


async def test_discarding_needs_a_reason_and_releases_the_held_events(operator: Client) -> None:
    visit = uuid4()
    await operator.consume(broken(visit), served(visit, 2))
    id = await only(operator)
    for reason in ("", "   "):
        refused = await operator.post(f"{PAGE}/{id}/discard", data={"reason": reason}, headers=AS_PAGE)
        assert refused.status_code == 422
        assert "Write why you discard this event." in refused.text
    too_long = "Told by phone. " * 40
    refused = await operator.post(f"{PAGE}/{id}/discard", data={"reason": too_long}, headers=AS_PAGE)
    assert refused.status_code == 422
    assert "Shorten the text. Maximum number of characters: 500." in refused.text
    assert f">{too_long}</textarea>" in refused.text
    assert (await operator.post(f"{API}/{id}/discard", json={"reason": ""})).status_code == 422
    assert await only(operator, "held")
    done = await operator.post(f"{PAGE}/{id}/discard", data={"reason": "a test of the kiosk"}, headers=AS_PAGE)
    assert (done.status_code, done.headers["location"]) == (303, f"{PAGE}/{id}")
    assert "t/ops: a test of the kiosk" in (await operator.get(f"{PAGE}/{id}", headers=AS_PAGE)).text
    assert (await operator.get(API, params={"state": "held"})).json() == []


async def test_a_failed_or_early_retry_is_explained_on_the_dead_letters_page(operator: Client) -> None:
    await operator.consume(broken(uuid4()))
    id = await only(operator)
    answer = await operator.post(f"{PAGE}/{id}/retry", headers=AS_PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}/{id}")
    again = await operator.get(f"{PAGE}/{id}", headers=AS_PAGE)
    assert "It failed again. Nothing was changed." in again.text
    assert (await operator.post(f"{PAGE}/{uuid4()}/retry", headers=AS_PAGE)).status_code == 404


async def test_the_list_is_filtered_by_state_and_an_empty_one_is_explained(operator: Client) -> None:
    assert "Every event was handled." in (await operator.get(PAGE, headers=AS_PAGE)).text
    await operator.consume(broken(uuid4()), served(uuid4(), 4))
    dead = (await operator.get(PAGE, params={"state": "dead"}, headers=AS_PAGE)).text
    assert "bad-data" in dead
    assert "event 4 came before" not in dead
    held = (await operator.get(PAGE, params={"state": "held"}, headers=AS_PAGE)).text
    assert "event 4 came before event 1" in held
    assert "No event with this status" in (await operator.get(PAGE, params={"state": "retried"}, headers=AS_PAGE)).text
    assert [one["reason"] for one in (await operator.get(API, params={"reason": "ahead"})).json()] == ["ahead"]
    assert (await operator.get(API, params={"state": "lost"})).status_code == 422


async def test_all_of_one_reason_are_retried_at_once_each_aggregates_in_order(operator: Client) -> None:
    """Once the cause is repaired: the events that failed by it are processed; those that still fail stay."""
    visits = [uuid4() for _ in range(3)]
    await operator.consume(*(broken(visit) for visit in visits))
    dead_letters = operator.store.table("dead_letters")
    async with operator.store.work() as work:
        for visit in visits[:2]:
            mended = dead_letters.update().where(dead_letters.c.subject == str(visit))
            mended = mended.values(value=served(visit).value, sealed=None, sealed_until=None)
            await work.session.execute(mended)
    offered = (await operator.get(PAGE, headers=AS_PAGE)).text
    assert 'name="reason" value="bad-data"' in offered
    assert "Retry all 3 events with this reason" in offered
    answer = await operator.post(f"{PAGE}/retry", data={"reason": "bad-data"}, headers=AS_PAGE)
    assert answer.headers["location"] == f"{PAGE}?state=dead"
    page = (await operator.get(answer.headers["location"], headers=AS_PAGE)).text
    assert "2 events were handled. 1 event still needs a decision." in page
    assert (await operator.post(f"{API}/retry", json={"reason": "bad-data"})).json() == {"retried": 0, "left": 1}
    assert [one["subject"] for one in (await operator.get(API, params={"state": "dead"})).json()] == [str(visits[2])]


async def test_each_services_page_loads_the_counts_of_the_others(operator: Client) -> None:
    assert (await operator.get(f"{PAGE}/count")).text.strip() == ""
    await operator.consume(broken(uuid4()))
    for lang, word in (("fr", "à décider"), ("en", "to decide")):
        count = (await operator.get(f"{PAGE}/count", headers=AS_PAGE | {"accept-language": lang})).text
        assert ">1<" in count
        assert word in count
    assert 'data-hx-get="/sample/dead-letters/count"' in (await operator.get(PAGE, headers=AS_PAGE)).text


async def test_tabs_name_the_services_and_the_menu_leads_there(operator: Client) -> None:
    await operator.consume(broken(uuid4()))
    shown = (await operator.get(PAGE, headers=AS_PAGE)).text
    assert f'<li><a href="{PAGE}" aria-current="page">Notes <small><code>sample</code></small>' in shown
    menu = f'<li><a href="{PAGE}" aria-current="page">Stuck events</a></li>'
    for path in (PAGE, f"{PAGE}/{await only(operator)}"):
        assert menu in (await operator.get(path, headers=AS_PAGE)).text
    operator.signed_in(DESK)
    assert "Stuck events" not in (await operator.get("/sample/", headers=AS_PAGE)).text


async def test_the_platforms_own_reasons_are_shown_in_words_and_by_slug(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    visit = uuid4()
    nameless = served(visit)._replace(headers=[])
    newer = served(uuid4())
    dreamt = [("ce_type", b"cefo.intake.visit-dreamt.v1")]
    newer = newer._replace(headers=[one for one in newer.headers if one[0] != "ce_type"] + dreamt)
    left = VisitLeft(visit_id=uuid4(), centre="huy", at=NOON)
    foreign = [record_of(left, 1)._replace(topic="cefo.plans.plans"), record_of(left, 1, source="/plans")]
    kiosk = DeskCheckIn(visit_id=uuid4(), centre="huy", at=NOON)
    elsewhere = record_of(kiosk, None, source="/desks/mons")._replace(topic="cefo.desk.check-ins.mons")
    consumed = operator.runtime.service.reactions.by_type
    monkeypatch.setitem(consumed, kiosk.type, consumed[VisitServed.type])
    named = record_of(kiosk, None, source="/desks/huy")
    named = named._replace(value=named.value[:-1] + b',"nom":"Anna Dubois"}')
    await operator.consume(broken(visit), served(visit, 2), nameless, newer, *foreign, elsewhere, named)
    kept = {one["reason"]: one["id"] for one in (await operator.get(API)).json()}
    unusual = {"subject-erased"}  # it lasts a second
    assert kept.keys() == REASONS.keys() - unusual
    french = AS_PAGE | {"accept-language": "fr"}
    page = (await operator.get(PAGE, headers=french)).text
    for reason, id in kept.items():
        own = (await operator.get(f"{PAGE}/{id}", headers=french)).text
        for shown in (page, own):
            assert translate(REASONS[reason], "fr") in unescape(shown)
            assert f"{reason} · " in shown


async def test_what_cannot_be_read_is_shown_to_who_says_why_and_they_are_named(operator: Client) -> None:
    await operator.consume(broken(uuid4()))
    id = await only(operator)
    path = f"{PAGE}/{id}"
    assert "It is encrypted, because it may contain personal data." in (await operator.get(path, headers=AS_PAGE)).text
    refused = await operator.post(f"{path}/reveal", data={"reason": " "}, headers=AS_PAGE)
    assert refused.status_code == 422
    assert "\\xff{&lt;b&gt;" not in refused.text
    revealed = await operator.post(f"{path}/reveal", data={"reason": "Kiosk 1 fails"}, headers=AS_PAGE)
    assert revealed.status_code == 200
    assert "\\xff{&lt;b&gt;" in revealed.text
    again = await operator.post(f"{API}/{id}/reveal", json={"reason": "ticket 12"})
    assert again.json()["value"] == "\\xff{<b>"
    shown = (await operator.get(path, headers=AS_PAGE)).text
    assert "\\xff{&lt;b&gt;" not in shown
    assert "t/ops · Kiosk 1 fails" in shown
    reveals = (await operator.get(f"{API}/{id}")).json()["reveals"]
    assert [(one["by"], one["reason"]) for one in reveals] == [("t/ops", "Kiosk 1 fails"), ("t/ops", "ticket 12")]


async def test_accounts_are_shown_by_name(operator: Client) -> None:
    nadia = uuid4()
    async with operator.store.work() as work:
        facts: dict[str, Any] = {"kind": "staff", "status": "active", "roles": ["operator"], "centres": []}
        work.add(Account(id=nadia, version=1, display_name="Nadia (test)", ended_sign_ins=[], **facts))
    await operator.consume(broken(uuid4()))
    path = f"{PAGE}/{await only(operator)}"
    operator.signed_in(OPERATOR.model_copy(update={"subject": f"account/{nadia}"}))
    await operator.post(f"{path}/reveal", data={"reason": "ticket 12"}, headers=AS_PAGE)
    await operator.post(f"{path}/discard", data={"reason": "noise"}, headers=AS_PAGE)
    page = (await operator.get(path, headers=AS_PAGE)).text
    assert "Nadia (test) · ticket 12" in page
    assert "Nadia (test): noise" in page
    assert "account/" not in page
    [listed] = (await operator.get(API)).json()
    assert (listed["decision"], listed["names"]) == (f"account/{nadia}: noise", {f"account/{nadia}": "Nadia (test)"})


async def test_a_demonstration_account_and_the_reason_of_a_rule_are_shown_in_words(operator: Client) -> None:
    await operator.consume(broken(uuid4()))
    path = f"{PAGE}/{await only(operator)}"
    operator.signed_in(OPERATOR.model_copy(update={"subject": "demo/region"}))
    await operator.post(f"{path}/reveal", data={"reason": "ticket 12"}, headers=AS_PAGE)
    page = (await operator.get(path, headers=AS_PAGE | {"accept-language": "de"})).text
    assert "Demokonto (region) · ticket 12" in page
    words = [translate(reason_words(reason), "fr") for reason in ("bad-data", "unknown-centre", "ValueError")]
    assert words == [
        "Le contenu ne correspond pas à ce type d’événement.",
        "Une règle l’a refusé. Les détails disent laquelle.",
        "Une erreur du logiciel l’a arrêté. Les détails disent laquelle.",
    ]


async def test_what_would_steer_a_terminal_is_escaped(operator: Client) -> None:
    hostile = broken(uuid4())
    hostile = hostile._replace(value=b"{\x1b]0;x\x07\n\xe2\x80\xae", headers=[*hostile.headers, ("\x1b[2J", b"\x9b")])
    await operator.consume(hostile)
    revealed = (await operator.post(f"{API}/{await only(operator)}/reveal", json={"reason": "x"})).json()
    assert revealed["value"] == "{\\x1b]0;x\\x07\n\\u202e"
    assert revealed["headers"][-1] == ["\\x1b[2J", "\\x9b"]


async def test_what_was_deleted_can_neither_be_read_nor_retried(operator: Client, clock: FixedClock) -> None:
    await operator.consume(broken(uuid4()))
    id = await only(operator)
    clock.forward(days=30, minutes=-1)
    assert await delete_sealed(operator.store) == 0
    clock.forward(minutes=1)
    assert await delete_sealed(operator.store) == 1
    page = (await operator.get(f"{PAGE}/{id}", headers=AS_PAGE)).text
    assert "The whole content was deleted on" in page
    assert "The event can no longer be retried." in page
    for what, body in (("retry", None), ("reveal", {"reason": "x"})):
        answer = await operator.post(f"{API}/{id}/{what}", json=body, headers={"accept-language": "en"})
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/content-deleted")
    for what in ("retry", "reveal"):
        assert (await operator.post(f"{PAGE}/{id}/{what}", data={"reason": "x"}, headers=AS_PAGE)).status_code == 303
    assert (await operator.post(f"{API}/{id}/discard", json={"reason": "too old"})).json() == {"state": "discarded"}


@pytest.mark.parametrize("lang", LANGUAGES)
async def test_the_pages_are_there_in_every_language(operator: Client, lang: str) -> None:
    visit = uuid4()
    left = record_of(VisitLeft(visit_id=visit, centre="huy", at=NOON), 2)
    await operator.consume(broken(visit), left)
    pages = [PAGE, f"{PAGE}/{await only(operator)}", f"{PAGE}/{await only(operator, 'held')}"]
    for path in pages:
        shown = await operator.get(path, params={"lang": lang}, headers={"accept": "text/html"})
        assert shown.status_code == 200
        assert f'lang="{lang}"' in shown.text


async def test_decisions_are_the_operators_alone(client: Client) -> None:
    client.signed_in(DESK)
    for method, path in (
        ("GET", f"{PAGE}/{uuid4()}"),
        ("GET", f"{PAGE}/count"),
        ("POST", f"{PAGE}/retry"),
        ("POST", f"{PAGE}/{uuid4()}/discard"),
        ("POST", f"{API}/retry"),
    ):
        assert (await client.request(method, path, headers=AS_PAGE)).status_code == 403


async def test_the_page_lists_dead_letters(operator: Client) -> None:
    await operator.consume(served(uuid4())._replace(value=b"{"), served(uuid4(), 4))
    page = await operator.get("/sample/dead-letters", headers={"accept": "text/html"})
    assert page.status_code == 200
    assert "bad-data" in page.text
    assert "ahead" in page.text


async def test_more_events_are_on_the_next_page(operator: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "SHOWN", 2)
    await operator.consume(*(broken(uuid4())._replace(offset=number) for number in range(3)))
    first = (await operator.get(f"{PAGE}?state=dead", headers=AS_PAGE)).text
    [query] = re.findall(r'href="\?([^"]*after=[^"]*)"', first)
    rest = (await operator.get(f"{PAGE}?{unescape(query)}", headers=AS_PAGE)).text
    every = {one["id"] for one in (await operator.get(API)).json()}
    on_page = [[id for id in every if f"/dead-letters/{id}" in text] for text in (first, rest)]
    assert [len(ids) for ids in on_page] == [2, 1]
    assert {*on_page[0], *on_page[1]} == every
    assert "state=dead" in query
    last = (await operator.get(API, params={"limit": 2})).json()[-1]["id"]
    assert [one["id"] for one in (await operator.get(API, params={"after": last})).json()] == on_page[1]
