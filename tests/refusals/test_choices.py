"""A refusal never shows a code that people do not know, and names what can be chosen instead."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest

import services
from services.chassis.i18n import language
from services.chassis.refusals import CHOICES, Message, Refused
from services.chassis.web.problems import explain
from services.contracts.accounts import AccountKind
from services.contracts.roles import Role
from services.contracts.words import WITH_WORDS
from services.directory.app import SERVICE as DIRECTORY
from services.directory.domain import accounts
from services.directory.domain.accounts import Grantor, Rights
from services.impact.app import SERVICE as IMPACT
from services.intake.app import SERVICE as INTAKE
from services.plans.app import SERVICE as PLANS
from services.scheduling.app import SERVICE as SCHEDULING

ALL = (INTAKE, SCHEDULING, PLANS, DIRECTORY, IMPACT)
"""Their applications import every refusal."""
FOR_MACHINES = {"people", "yours", "purposes", "booked"}
"""Lists from which no person chooses: references of people, the caller's own centres, purposes that are agreed to,
references of what is booked, which the message names by its times."""
MONS = Grantor(Rights(frozenset({Role.MANAGER}), frozenset({"mons"})))


def every(kind: type[Refused]) -> Iterator[type[Refused]]:
    for one in kind.__subclasses__():
        yield one
        yield from every(one)


REFUSALS = {one.__name__: one for one in every(Refused)}


def lists_given() -> Iterator[tuple[str, str, str]]:
    """Every list that a refusal is given: where, the refusal, the name of the value."""
    root = Path(services.__file__).parent
    for path in sorted(root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name not in REFUSALS:
                continue
            for given in node.keywords:
                lists = ast.List | ast.ListComp | ast.Tuple | ast.Set | ast.SetComp
                made = isinstance(given.value, ast.Call) and getattr(given.value.func, "id", "") in (
                    "list",
                    "tuple",
                    "sorted",
                    "set",
                )
                if given.arg is not None and (made or isinstance(given.value, lists)):
                    yield f"{path.relative_to(root)}:{node.lineno}", name, given.arg


def test_a_list_of_choices_is_given_so_that_people_read_it() -> None:
    found = list(lists_given())
    assert len(found) > 10
    unread = [
        (where, name, value)
        for where, name, value in found
        if value not in {"known", "choices"} | FOR_MACHINES
        and value not in {part for _, part, _, _ in Formatter().parse(REFUSALS[name].message)}
    ]
    assert unread == [], "no person sees this list: name it `known`, with `choices` where it has names in a store"


@pytest.mark.parametrize("lang", ["fr", "de", "nl", "en"])
def test_every_code_of_a_closed_list_is_shown_by_its_words(lang: str) -> None:
    class Shown(Refused):
        message = Message("{one} / {several}")

    language.set(lang)
    codes = {code for named in CHOICES for code in named if "-" in code} | {role.value for role in Role}
    members = [one for kind in (Role, *WITH_WORDS) for one in kind]
    assert len(members) > 40
    for member in members:
        shown = explain(Shown(one=member, several=[member]))
        assert not (set(shown.replace(" / ", " ").split()) & {code for code in codes if "-" in code}), shown


def sentence(role: Role) -> str:
    with pytest.raises(Refused) as refused:
        accounts.check_grant(MONS, Rights(), Rights(frozenset({role}), frozenset({"mons"})))
    return explain(refused.value)


def test_a_role_is_refused_by_its_name() -> None:
    language.set("fr")
    assert "operator" not in sentence(Role.OPERATOR)
    with pytest.raises(Refused) as refused:
        accounts.check_kind(AccountKind.DEVICE, {Role.MANAGER})
    assert "front-desk" not in explain(refused.value)
    assert explain(refused.value).count(",") == 1


def test_a_centre_that_a_manager_may_not_grant_is_refused_without_codes() -> None:
    language.set("fr")
    with pytest.raises(Refused) as refused:
        accounts.check_grant(MONS, Rights(), Rights(frozenset({Role.FRONT_DESK}), frozenset({"arlon"})))
    assert "mons" not in explain(refused.value)
