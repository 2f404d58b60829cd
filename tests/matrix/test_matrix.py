"""Every route × everyone: who gets through, what they see, and that a refused or reading request changes nothing."""

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

import orjson
import pytest
import pytest_asyncio

from services.launcher.catalogue import NAMES
from tests.architecture.routes import named, routes_of
from tests.matrix.asking import Answer, ask
from tests.matrix.asks import ASKS, Request, request_of
from tests.matrix.callers import CALLERS, OTHER, REGION, SIDED, Rule, twin
from tests.matrix.guided import guide_both
from tests.matrix.staff import open_accounts
from tests.matrix.table import lines_of, route_of
from tests.matrix.world import World, opened
from tests.openapi.documents import document_of, undocumented

TABLES = (*NAMES, "front")
LOGGED = (
    "GET /impact/exact",
    "GET /impact/api/v1/figures/exact",
    "GET /impact/api/v1/figures/exact.csv",
    "GET /intake/people/{subject_ref}",
    "GET /intake/visits/{id}",
    "GET /intake/visitors/{subject_ref}/appointments",
)
"""What is noted with who read it."""
EXPORT = "/people/{subject_ref}/export"
"""All that a service holds about a person: those who may export see what the centre's team sees, and more."""


MEANT_TWICE = {
    "POST /intake/l/{secret}": "each opening of a plan is one, which the visitor sees",
    "POST /intake/visits/{id}/plan": "each opening of a plan is one, which the visitor sees",
    "POST /intake/visits/{id}": "is refused with the page of who is registered by now: opening it is logged",
    "POST /intake/api/v1/visits/{id}/call": "calls the same visitor once more, on the screen of the waiting room too",
    "POST /{service}/api/v1/dead-letters/{id}/reveal": "each reading of what is encrypted is logged",
    "POST /{service}/dead-letters/{id}/reveal": "each reading of what is encrypted is logged",
    "POST /directory/sign-in/email": "asks for another message when the first one does not come; they are limited",
    "POST /directory/accounts/{id}/end-sign-ins": "ends the sign-ins since the first time",
    **{
        f"POST /{service}/api/v1/people/{{subject_ref}}/export": "each reading of personal data is logged"
        for service in ("intake", "scheduling", "plans", "directory")
    },
}
"""What adds a row each time it is sent, and why."""
MEANT_AGAIN = {
    "POST /intake/desk/{centre}/visits": "each press is a visitor, of whom nothing was typed",
    "POST /intake/desk/{centre}/device": "each browser is a device, and chooses its id",
    "POST /intake/kiosk/{centre}/device": "the same",
}
"""What adds a row also when Back fetches its page again, with another id in it, and the form is sent again."""


class Asked(NamedTuple):
    """One request and its answer. `changed`: the stores in which it committed something."""

    service: str
    line: str
    caller: str
    rule: Rule
    request: Request
    answer: Answer
    changed: set[str]

    @property
    def about(self) -> str:
        return f"{self.line.replace('{service}', self.service)}, asked by {self.caller}"


class Private(NamedTuple):
    """A text that only some may see, and what it is."""

    text: str
    what: str
    seers: frozenset[str]
    asked_about: bool
    """It belongs to Liège, about which everyone asks."""


class Everything(NamedTuple):
    """Each line of each table, asked by everyone."""

    asked: list[Asked]
    from_elsewhere: list[Asked]
    """What changes something, sent by a browser from another site's page."""
    private: list[Private]
    references: dict[str, set[str]]
    """Of the same people, as each reader of the referral feed has them."""
    one_key: set[str]
    """Visits that two devices checked in, each twice, under one `Idempotency-Key`."""
    repeated: dict[str, list[str]]
    """The tables in which a second, equal request added rows, by the line of each request that changed something."""
    fetched_again: dict[str, list[str]]
    """The same of forms whose page was fetched again between the two: what the page makes is another one."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def everything(tmp_path_factory: pytest.TempPathFactory) -> Everything:
    """The whole matrix, once."""
    async with opened(tmp_path_factory.mktemp("matrix")) as world:
        await open_accounts(world)
        await world.spread()
        await guide_both(world)
        await world.finish()
        readers = ("cité", "other cité", REGION)
        references = {caller: await _references(world, caller) for caller in readers}
        asked = [
            await _ask(world, service, line, caller, rule)
            for service in TABLES
            for line, rule in lines_of(service).items()
            for caller in CALLERS
        ]
        from_elsewhere = [
            await _ask(world, service, line, next(caller for caller in CALLERS[2:] if caller in rule.who), rule, True)
            for service in TABLES
            for line, rule in lines_of(service).items()
            if not line.startswith("GET ") and line == route_of(line)
        ]
        one_key = {await _checked_in(world, caller) for caller in ("device", "other device") * 2}
        additions = [one for one in asked if _is_addition(one)]
        repeated = defaultdict[str, list[str]](list)
        fetched_again = defaultdict[str, list[str]](list)
        for one in additions:
            repeated[one.line] += await _repeat(world, one, one.request)
        for one in filter(_is_form, additions):
            fetched_again[one.line] += await _repeat(world, one, _anew(world, one))
        private = [*_private(world), *_private_references(references)]
        return Everything(asked, from_elsewhere, private, references, one_key, repeated, fetched_again)


def _is_addition(one: Asked) -> bool:
    return bool(one.changed) and one.request.method != "GET" and one.answer.status < 400


def _is_form(one: Asked) -> bool:
    return "/api/" not in one.request.target and one.line not in MEANT_TWICE


def _anew(world: World, one: Asked) -> Request:
    return request_of(one.line, world, one.caller, one.service)


async def _repeat(world: World, one: Asked, second: Request) -> list[str]:
    """The tables that have more rows after the second of two requests than after the first."""
    counts: list[dict[str, int]] = []
    for request in (one.request, second):
        await ask(world.process, request.method, request.target, request.headers, request.body)
        counts.append(world.snapshots.rows(one.changed))
    world.snapshots.put_back(world.snapshots.changed())
    return [table for table, number in counts[1].items() if number > counts[0][table]]


async def _ask(world: World, service: str, line: str, caller: str, rule: Rule, from_elsewhere: bool = False) -> Asked:
    request = request_of(line, world, caller, service)
    if from_elsewhere:
        token = request.headers.pop("authorization").removeprefix("Bearer ")
        name = "cefo-visitor" if "visitor" in caller else "cefo-session"
        request.headers.update({"cookie": f"{name}={token}", "sec-fetch-site": "cross-site"})
    answer = await ask(world.process, request.method, request.target, request.headers, request.body)
    changed = world.snapshots.changed()
    if changed:
        world.snapshots.put_back(changed)
    return Asked(service, line, caller, rule, request, answer, changed)


def _private(world: World) -> Iterator[Private]:
    for side in world.sides:
        names = {str(id): f"{name} of {side.centre}" for name, id in side.ids.items()}
        for text, seers in side.private.items():
            mine = side is world.liege
            callers = {one if mine or one.removeprefix(OTHER) not in SIDED else twin(one) for one in seers}
            yield Private(text, names.get(text, text), frozenset(callers), mine)


async def _references(world: World, caller: str) -> set[str]:
    request = request_of("GET /directory/api/v1/referral-events", world, caller, "directory")
    answer = await ask(world.process, request.method, request.target, request.headers)
    return {event["data"]["partner_ref"] for event in orjson.loads(answer.text)["events"]}


def _private_references(references: dict[str, set[str]]) -> Iterator[Private]:
    for caller, texts in references.items():
        yield from (Private(text, f"a reference of {caller}", frozenset({caller}), True) for text in texts)


async def _checked_in(world: World, caller: str) -> str:
    request = request_of("POST /intake/api/v1/visits", world, caller, "intake")
    headers = request.headers | {"idempotency-key": "1"}
    body = orjson.dumps({"centre": world.side_of(caller).centre})
    answer = await ask(world.process, request.method, request.target, headers, body)
    assert answer.status == 201, answer.text
    return orjson.loads(answer.text)["id"]


@pytest.mark.parametrize("service", TABLES)
def test_every_route_is_in_a_table(service: str) -> None:
    """A new route needs an answer to the question who may use it."""
    lines = {route_of(line).replace("{service}", service) for line in lines_of(service)}
    assert lines == {named(route) for route in routes_of(service)}


def test_every_way_of_asking_is_used() -> None:
    assert set(ASKS) <= {line for service in TABLES for line in lines_of(service)}


@pytest.mark.parametrize("service", TABLES)
def test_everyone_is_answered_as_the_table_says(service: str, everything: Everything) -> None:
    wrong = [
        f"{one.about}: {one.answer.status}, expected {one.rule.expected(one.caller) or one.request.done or 'success'}"
        for one in everything.asked
        if one.service == service and not _as_expected(one)
    ]
    assert wrong == []


def _as_expected(one: Asked) -> bool:
    refusal = one.rule.expected(one.caller)
    if refusal is not None:
        return one.answer.status == refusal
    return one.answer.status in (one.request.done or range(200, 400))


def test_nobody_sees_what_is_not_theirs(everything: Everything) -> None:
    """Whatever is asked, by whomever: no answer has a name, a reference or a text of those who are not theirs."""
    seen = [
        f"{one.about}: sees {private.what}"
        for one in everything.asked
        for private in everything.private
        if one.caller not in private.seers
        and not (one.line.endswith(EXPORT) and one.caller in one.rule.who)
        and private.text in one.answer.text
        and private.text not in one.request.target
        and private.text.encode() not in one.request.body
    ]
    assert seen == []


def test_what_is_private_is_seen_by_those_whose_it_is(everything: Everything) -> None:
    """Otherwise the test before could not fail."""
    for private in everything.private:
        seeing = {one.caller for one in everything.asked if private.text in one.answer.text}
        assert not private.asked_about or seeing >= private.seers, private


def test_a_refused_request_changes_nothing(everything: Everything) -> None:
    assert [one.about for one in everything.asked if one.changed and one.answer.status >= 400] == []


def test_reading_changes_nothing(everything: Everything) -> None:
    """But the logs: that something was read is what they say."""
    changed = [one for one in everything.asked if one.changed and one.request.method == "GET"]
    assert [one.about for one in changed if route_of(one.line) not in LOGGED] == []
    assert {route_of(one.line): one.changed for one in changed} == {line: {line.split("/")[1]} for line in LOGGED}


def test_a_change_that_another_site_sends_is_refused(everything: Everything) -> None:
    answered = {one.about: one.answer.status for one in everything.from_elsewhere}
    assert len(answered) > 100
    assert {about: status for about, status in answered.items() if status != 403} == {}
    assert [one.about for one in everything.from_elsewhere if one.changed] == []


def test_two_partners_share_no_reference(everything: Everything) -> None:
    assert {len(texts) for texts in everything.references.values()} == {2}
    assert len(set[str]().union(*everything.references.values())) == 2 * len(everything.references)


def test_what_is_sent_twice_adds_once(everything: Everything) -> None:
    """Sent by Back, a double click or another tab, or again by a program that got no answer."""
    assert {route_of(line) for line, tables in everything.repeated.items() if tables} == set(MEANT_TWICE)
    again = {route_of(line) for line, tables in everything.fetched_again.items() if tables}
    assert again - set(MEANT_TWICE) == set(MEANT_AGAIN)


def test_an_idempotency_key_is_the_callers_own(everything: Everything) -> None:
    assert len(everything.one_key) == 2


def test_every_answer_of_an_api_is_documented(everything: Everything) -> None:
    """Its status, media type, reason and fields, for every caller."""
    documented = {(service, path) for service in NAMES for path in document_of(service)["paths"]}
    faults = {
        f"{one.about}: {fault}"
        for one in (*everything.asked, *everything.from_elsewhere)
        if (one.service, path := route_of(one.line).replace("{service}", one.service).partition(" ")[2]) in documented
        for fault in undocumented(document_of(one.service), one.request.method, path, one.answer)
    }
    assert sorted(faults) == []
