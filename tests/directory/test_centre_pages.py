"""The pages of the centres: where and when for everyone, and the form of a manager."""

import re
from datetime import UTC, date, datetime
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.chassis.testing import FixedClock
from services.contracts.directory import CentrePublished
from services.contracts.opening import Hours
from services.directory.actions.centre_contacts import CentreContact
from services.directory.domain.centres import CENTRES, PROVINCES, centre_id
from services.directory.pages.centres import closings, map_url
from services.directory.store import Centre, centre_changes
from tests.directory.test_api import CENTRE
from tests.directory.test_pages import look, submit
from tests.directory.web import COUNSELLOR, MANAGER, Site
from tests.givens.events import emitted_events

BRUSSELS = ZoneInfo("Europe/Brussels")
WEEK = [
    {"weekdays": ["MO", "TU", "WE", "TH", "FR"], "opens_at": "09:00", "closes_at": "12:00"},
    {"weekdays": ["MO", "TU", "WE", "TH", "FR"], "opens_at": "13:00", "closes_at": "16:30"},
]
LOCAL_MANAGER = MANAGER.model_copy(update={"subject": "demo/huy", "centres": frozenset({"huy"})})


def hours(*closed_on: str) -> Hours:
    return Hours.of_fields("Europe/Brussels", WEEK, closed_on)


def local(at: str) -> datetime:
    return datetime.fromisoformat(at).replace(tzinfo=BRUSSELS).astimezone(UTC)


def test_every_centre_has_a_province() -> None:
    assert sorted(code for codes in PROVINCES.values() for code in codes) == sorted(one.code for one in CENTRES)


@pytest.mark.parametrize(
    ("now", "closes", "opens"),
    [
        ("2026-03-02T08:59", None, "2026-03-02T09:00"),
        ("2026-03-02T09:00", "2026-03-02T12:00", "2026-03-02T13:00"),
        ("2026-03-02T12:00", None, "2026-03-02T13:00"),
        ("2026-03-06T16:30", None, "2026-03-09T09:00"),
        ("2026-04-03T16:30", None, "2026-04-07T09:00"),
    ],
)
def test_open_now_and_the_next_opening(now: str, closes: str | None, opens: str) -> None:
    open_hours = hours("2026-04-06")
    assert open_hours.closes(local(now)) == (local(closes) if closes else None)
    assert open_hours.opens(local(now)) == local(opens)


def test_the_next_opening_counts_local_hours_when_the_clocks_change() -> None:
    assert hours().opens(local("2026-03-27T18:00")) == datetime(2026, 3, 30, 7, tzinfo=UTC)
    assert hours().opens(local("2026-10-23T18:00")) == datetime(2026, 10, 26, 8, tzinfo=UTC)


def test_an_opening_goes_on_after_midnight() -> None:
    night = [
        {"weekdays": ["FR"], "opens_at": "20:00", "closes_at": "24:00"},
        {"weekdays": ["SA"], "opens_at": "00:00", "closes_at": "02:00"},
    ]
    open_hours = Hours.of_fields("Europe/Brussels", night, [])
    assert open_hours.closes(local("2026-03-06T23:00")) == local("2026-03-07T02:00")
    assert Hours.of_fields("Europe/Brussels", [], []).opens(local("2026-03-06T23:00")) is None


def test_closing_days_are_those_on_which_it_would_be_open() -> None:
    found = list(closings(hours("2026-04-05", "2026-04-06", "2026-07-21"), date(2026, 3, 30)))
    assert found == [date(2026, 4, 6)]


def test_the_map_is_asked_for_the_address() -> None:
    url = map_url("Huy", CentreContact(address="Rue du Pont 1", postal_code="4500"))
    assert url == "https://www.openstreetmap.org/search?query=Rue+du+Pont+1%2C+4500+Huy%2C+Belgique"
    assert map_url("Huy", CentreContact()) is None


@pytest.mark.parametrize("language", ["fr", "de", "nl", "en"])
async def test_everyone_finds_a_centre(site: Site, language: str) -> None:
    shown = await look(site, None, "/directory/centres", language)
    assert shown.count('href="/directory/centres/') == 12
    one = await look(site, None, "/directory/centres/huy", language)
    assert "09:00–12:00, 13:00–16:30" in one
    assert 'href="tel:+3200000104"' in one or 'href="tel:+32' in one
    assert "/directory/centres/huy/edit" not in one
    async with site.as_(None, page=True) as browser:
        assert (await browser.get("/directory/centres/dinant")).status_code == 404


async def test_the_state_is_that_of_the_moment(site: Site, clock: FixedClock) -> None:
    clock.now = local("2026-03-02T10:00")
    assert "Open now, until 12:00" in await look(site, None, "/directory/centres/huy")
    clock.now = local("2026-03-07T21:14")
    assert "Closed now. Opens Monday at 09:00" in await look(site, None, "/directory/centres/huy")
    clock.now = local("2026-03-08T21:14")
    assert "Closed now. Opens tomorrow at 09:00" in await look(site, None, "/directory/centres")


async def test_a_manager_changes_the_page_of_their_centre(site: Site) -> None:
    form = {"address": "Rue du Pont 1", "postal_code": "4500", "phone": "085 21 00 00", "version": 1}
    status, to, shown = await submit(site, LOCAL_MANAGER, "/directory/centres/huy/edit", **form)
    assert (status, to) == (303, "/directory/centres/huy")
    assert "Rue du Pont 1" in shown
    async with site.store.read() as read:
        (change,) = await centre_changes(read, centre_id("huy"))
        centre = await read.get(Centre, centre_id("huy"))
    assert centre is not None
    assert (change.by, change.after) == ("demo/huy", {"contact": centre.contact})
    assert centre.contact == {"address": "Rue du Pont 1", "postal_code": "4500", "phone": "085 21 00 00"}
    assert [one.centre for one in await emitted_events(site.store, CentrePublished)][-1] == "huy"
    assert "Address and contact" in await look(site, LOCAL_MANAGER, "/directory/centres/huy/edit")
    status, _, shown = await submit(site, LOCAL_MANAGER, "/directory/centres/huy/edit", **form)
    assert status == 422


async def test_a_wrong_phone_number_is_named_at_its_field(site: Site) -> None:
    status, _, shown = await submit(site, MANAGER, "/directory/centres/huy/edit", phone="bell", version=1)
    assert status == 422
    assert 'id="phone-error"' in shown


async def test_only_its_managers_change_a_centre(site: Site) -> None:
    for person, code in ((COUNSELLOR, "mons"), (LOCAL_MANAGER, "mons")):
        assert (await submit(site, person, f"/directory/centres/{code}/edit", version=1))[0] == 403


async def test_the_api_has_the_contact_and_keeps_what_is_absent(site: Site) -> None:
    before = (await site.get(None, "/centres/mons")).json()["contact"]
    assert before["address"].endswith("(démo)")
    assert (await site.put(MANAGER, "/centres/mons", CENTRE)).json()["contact"] == before
    changed = await site.put(MANAGER, "/centres/mons", CENTRE | {"contact": {"phone": "065 00 00 00"}})
    assert {name: value for name, value in changed.json()["contact"].items() if value} == {"phone": "065 00 00 00"}


async def test_a_manager_changes_the_hours(site: Site, clock: FixedClock) -> None:
    week = dict.fromkeys(("mo", "tu", "we", "th"), "09:00-12:00, 13:00-18:00")
    form: dict[str, Any] = week | {"holidays": "true", "exceptions": "2026-12-24 10:00-11:00\n2026-12-31 off"}
    status, to, _ = await submit(site, LOCAL_MANAGER, "/directory/centres/huy/hours", **form, version=1)
    assert (status, to) == (303, "/directory/centres/huy")
    text = "Mo-Th 09:00-12:00,13:00-18:00; PH off; 2026 Dec 24 10:00-11:00; 2026 Dec 31 off"
    event = (await emitted_events(site.store, CentrePublished))[-1]
    assert (event.centre, event.hours) == ("huy", text)
    assert {"2026-12-24", "2026-12-25", "2026-12-31"} <= set(event.closed_on)
    assert [one.day for one in event.special_days] == ["2026-12-24"]
    answer = (await site.get(None, "/centres/huy")).json()
    assert answer["hours"] == text
    async with site.store.read() as read:
        (change,) = await centre_changes(read, centre_id("huy"))
    assert (change.by, change.after["hours_text"]) == ("demo/huy", text)
    assert text in await look(site, LOCAL_MANAGER, "/directory/centres/huy/hours")
    clock.now = local("2026-12-24T10:30")
    assert "Open now, until 11:00" in await look(site, None, "/directory/centres/huy")
    clock.now = local("2026-12-20T10:30")
    assert "10:00–11:00" in await look(site, None, "/directory/centres/huy")


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("tu", "9h-12h", "“9h-12h” cannot be read. Write the hours of the day like this: 09:00-12:00,13:00-16:30."),
        ("tu", "Mo-Fr 09:00-12:00", "Write the hours of the day like this"),
        ("tu", "12:00-09:00", "Closing must come after opening"),
        ("exceptions", "2026-12-24 off\n2026-02-30 off", "Line 2, “2026-02-30 off”, cannot be read. Write for example"),
        (
            "exceptions",
            "2026-12-24 off\n2026 Dec 24 off",
            "Line 2, “2026 Dec 24 off”: this day is already in the list.",
        ),
    ],
)
async def test_wrong_hours_are_named_at_their_field(site: Site, field: str, typed: str, said: str) -> None:
    before = len(await emitted_events(site.store, CentrePublished))
    status, _, shown = await submit(site, MANAGER, "/directory/centres/huy/hours", **{field: typed}, version=1)
    assert status == 422
    assert said in unescape(re.sub("</?bdi>", "", shown))
    assert f'id="{field}-error"' in shown
    assert len(await emitted_events(site.store, CentrePublished)) == before


async def test_the_api_takes_the_text(site: Site) -> None:
    changed = await site.put(MANAGER, "/centres/mons", CENTRE | {"hours": "Tu 10:00-12:00; PH off"})
    assert changed.json()["opening_hours"] == [{"weekdays": ["TU"], "opens_at": "10:00", "closes_at": "12:00"}]
    wrong = await site.put(MANAGER, "/centres/mons", CENTRE | {"hours": "Tu 10-12"})
    (fault,) = wrong.json()["errors"]
    assert (wrong.status_code, fault["field"], fault["rule"]) == (422, "hours", "opening-rule")
    unread = {"opening_hours": [{"weekdays": ["MO"], "opens_at": "12:00", "closes_at": "09:00"}]}
    kept = await site.put(MANAGER, "/centres/mons", CENTRE | unread | {"hours": "Tu 10:00-12:00; PH off"})
    assert kept.json()["version"] == changed.json()["version"], "the fields do not count beside the text"
    without = {name: value for name, value in CENTRE.items() if name not in ("opening_hours", "closed_on")}
    kept = await site.put(MANAGER, "/centres/mons", without)
    assert kept.json() == changed.json(), "what is absent stays as it is"
    again = await site.put(MANAGER, "/centres/mons", CENTRE)
    assert again.json()["hours"] == "Mo 08:30-12:00; 2026 Dec 24 off"


async def test_a_part_of_other_pages_has_the_number_and_the_page(site: Site) -> None:
    part = await look(site, None, "/directory/centres/huy/phone", "fr")
    assert 'href="tel:+32' in part
    assert 'href="/directory/centres/huy"' in part
    assert "<html" not in part
    async with site.store.work() as work:
        (await work.session.get_one(Centre, centre_id("huy"))).contact = {}
    assert "tel:" not in await look(site, None, "/directory/centres/huy/phone", "fr")
