"""The rules of the directory."""

from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.chassis.refusals import NotAllowed, Refused
from services.contracts.directory import WEEKDAYS
from services.contracts.directory import ReferralStatus as Status
from services.directory import domain
from services.directory.api.hsds import offset_hours
from services.directory.domain import Freshness, Party

ENDED = [Status.COMPLETED, Status.REJECTED, Status.CANCELLED, Status.EXPIRED]
walks = st.lists(st.tuples(st.sampled_from(Status), st.sampled_from(Party)), max_size=12)


@given(walks)
def test_a_referral_only_goes_forward_and_each_side_says_its_own(walk: list[tuple[Status, Party]]) -> None:
    order = [Status.REQUESTED, Status.RECEIVED, Status.ACCEPTED, Status.IN_PROGRESS, Status.COMPLETED]
    path = [Status.REQUESTED]
    for wanted, party in walk:
        try:
            domain.check_step(path[-1], wanted, party)
        except Refused:
            assert wanted not in domain.steps_for(path[-1], party)
            continue
        assert wanted in domain.steps_for(path[-1], party)
        path.append(wanted)
    for before, after in pairwise(path):
        assert before not in ENDED
        if before in order and after in order:
            assert order.index(after) > order.index(before)


@pytest.mark.parametrize("status", ENDED)
def test_what_has_ended_stays_ended(status: Status) -> None:
    assert all(domain.steps_for(status, party) == () for party in Party)


def test_a_wrong_step_names_both_states_and_what_is_possible() -> None:
    with pytest.raises(domain.WrongReferralStep) as caught:
        domain.check_step(Status.REJECTED, Status.ACCEPTED, Party.PROVIDER)
    assert caught.value.slug == "wrong-referral-step"
    assert caught.value.values["status"] == "rejected"
    assert caught.value.values["wanted"] == "accepted"
    with pytest.raises(domain.WrongReferralStep) as again:
        domain.check_step(Status.IN_PROGRESS, Status.RECEIVED, Party.PROVIDER)
    assert list(again.value.values["allowed"]) == ["completed", "cancelled"]


def test_a_provider_cannot_take_back_what_a_centre_asked() -> None:
    with pytest.raises(domain.NotYourStep) as caught:
        domain.check_step(Status.REQUESTED, Status.CANCELLED, Party.PROVIDER)
    assert isinstance(caught.value, NotAllowed)
    assert caught.value.values["party"] == "the centre"


@pytest.mark.parametrize(
    ("wanted", "reason", "refusal"),
    [
        (Status.REJECTED, None, domain.UnknownReason),
        (Status.REJECTED, "visitor-declined", domain.UnknownReason),
        (Status.CANCELLED, "no-places", domain.UnknownReason),
        (Status.ACCEPTED, "other", domain.ReasonNotWanted),
    ],
)
def test_a_no_has_a_reason_of_its_own_list(wanted: Status, reason: str | None, refusal: type[Refused]) -> None:
    with pytest.raises(refusal):
        domain.check_reason(wanted, reason)


def test_every_reason_has_a_word() -> None:
    codes = {*domain.REFERRAL_REASONS, *domain.REJECTION_REASONS, *domain.CANCELLATION_REASONS, domain.WITHDRAWN}
    assert codes == set(domain.REASON_LABELS)


@given(st.binary(min_size=32, max_size=32), st.text(min_size=1), st.text(min_size=1))
def test_two_partners_never_get_the_same_reference(key: bytes, one: str, other: str) -> None:
    assert (domain.partner_ref(key, one) == domain.partner_ref(key, other)) == (one == other)


def test_a_short_reference_is_what_people_say_on_the_phone() -> None:
    assert domain.short_reference(UUID("7f2c1a34-9d1e-4a55-8f0e-3b1f6f0a2c11")) == "7F2C-1A34"


@pytest.mark.parametrize(
    ("days", "expected"),
    [(0, Freshness.FRESH), (183, Freshness.FRESH), (184, Freshness.AGEING), (366, Freshness.STALE)],
)
def test_an_entry_ages(days: int, expected: Freshness) -> None:
    today = date(2026, 3, 2)
    assert domain.freshness(today - timedelta(days=days), today) is expected
    assert domain.freshness(None, today) is Freshness.UNKNOWN


def test_the_lot_is_fair_over_a_year() -> None:
    services = [uuid4() for _ in range(6)]
    days = [date(2026, 1, 1) + timedelta(days=number) for number in range(365)]
    first = [min(services, key=lambda one: domain.lot(day, one)) for day in days]
    assert all(30 <= first.count(service) <= 95 for service in services)
    assert domain.lot(days[0], services[0]) == domain.lot(days[0], services[0])


@pytest.mark.parametrize(("name", "key"), [("La Louvière", "la-louviere"), ("liege", "liege"), (" Liège ", "liege")])
def test_a_town_is_found_however_it_is_written(name: str, key: str) -> None:
    assert domain.town_key(name) == key


@pytest.mark.parametrize(("capacity", "places_open"), [(None, 1), (3, 4)])
def test_there_are_no_more_open_places_than_places(capacity: int | None, places_open: int) -> None:
    with pytest.raises(domain.PlacesBeyondCapacity):
        domain.check_places(capacity, places_open)


def test_opening_hours_of_a_day_do_not_overlap() -> None:
    domain.check_opening([(["MO"], "09:00", "12:00"), (["MO"], "12:00", "16:30"), (["TU"], "11:00", "13:00")])
    with pytest.raises(domain.HoursOverlap) as caught:
        domain.check_opening([(["MO", "TU"], "09:00", "12:00"), (["TU"], "11:59", "16:30")])
    assert caught.value.values["weekday"] == "Tuesday"
    assert set(domain.WEEKDAY_LABELS) == set(WEEKDAYS)
    with pytest.raises(domain.WrongHours):
        domain.check_opening([(["MO"], "12:00", "12:00")])


def test_a_postal_code_gives_its_region() -> None:
    regions = [domain.region_of(code) for code in ("1000", "1300", "1500", "4000", "7900", "8000", "L-1234", "0999")]
    assert regions == [
        "Bruxelles-Capitale",
        "Wallonie",
        "Vlaanderen",
        "Wallonie",
        "Wallonie",
        "Vlaanderen",
        "Belgique",
        "Belgique",
    ]


def test_a_zone_gives_its_offset_of_the_day() -> None:
    assert offset_hours("Europe/Brussels", date(2026, 3, 28)) == 1
    assert offset_hours("Europe/Brussels", date(2026, 3, 29)) == 2
    with pytest.raises(domain.NotAZone):
        domain.check_zone("Europe/Bruxelles")
