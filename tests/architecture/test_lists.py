"""No list cuts off without a way on: who shows its first rows leads to the next ones."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from fastapi.routing import APIRoute

from tests.architecture.routes import ROUTES, methods_of, named

SERVICES = Path("services")
CURSORS = {"after", "before", "skip", "skipped", "page"}
"""Parameters behind which a list goes on."""
BOUNDS = {"limit", "most", "per_page"}
"""Parameters that bound a list."""
JOBS = {
    "chassis.events.mid_stream",
    "chassis.mail.messages",
    "chassis.storage.claims",
}
"""Modules whose queries take one batch, and the next batch afterwards."""
NO_LIST = {
    "chassis.web.dead_letters.shown.retry_all": "a button that says how many are left, and is pressed again",
    "directory.store.feed._rows": "the end of two queries, one of which begins behind a position",
    "directory.store.referrals.overdue": "expired in batches, and the answer says whether there are more",
    "directory.store.taxonomies.page_of": "pages by number: `start` is how many come before",
    "intake.store.booking_requests.ended_requests": "deleted in batches",
    "intake.store.names._with_words": "a search, which says when there are more and asks for more of the name",
    "intake.store.names.people_at": "the same",
    "intake.store.names.people_like": "compared with a new name, which few share",
    "intake.store.names.without_keys": "made in batches",
    "intake.store.queue.unfinished": "closed in batches",
    "intake.store.reminders.to_remind": "queued in batches",
    "intake.store.messages.messages_of": "the last ones; the person's own data has all",
    "intake.store.retention.due_visitors": "erased in batches",
    "scheduling.store.external.outdated_before": "deleted in batches",
    "scheduling.store.holds.expired_before": "deleted in batches",
    "scheduling.store.earlier.ended_before": "deleted in batches",
    "scheduling.store.offers.workshops_due": "offered in batches",
    "scheduling.store.interviews.unrestated": "restated in batches",
    "scheduling.store.rooms.unpublished": "published in batches",
    "plans.store.queries.active_services": "choices of a form; the centre's referrals have the search for the others",
}
"""Queries with a bound and no cursor, and why nobody misses the other rows."""
_BOARD = "a board, which leads to the page with the whole list"
FIRST_ROWS = {
    "directory.pages.referral_lists.board_of → referrals_of": _BOARD,
    "directory.pages.referrals.referrals_board → unassigned_of": _BOARD,
    "intake.pages.appointments.search → expected_visitors": "a search, which asks for more of the name",
    "intake.pages.views.desk_board → in_turn": _BOARD,
    "intake.pages.views.desk_board → just_left": _BOARD,
    "intake.pages.views.desk_board → just_seen": _BOARD,
    "intake.pages.views.due_soon → expected_visitors": _BOARD,
    "intake.pages.views.room_board → in_turn": "the screen of the waiting room, which shows who comes next",
    "plans.pages.person.plans_to_confirm → plans_of_centre": "a part of the to-do, which leads to the whole list",
    "scheduling.pages.board.centre_board → agenda": "a counsellor's own day, which has no more hours",
    "scheduling.pages.board.centre_board → in_turn": _BOARD,
    "scheduling.pages.board.centre_board → just_seen": "people of the last half hour; the desk has the whole list",
}
"""Callers that ask for the first rows of a list only (`caller → list`), and how their readers find the others."""


class Function(NamedTuple):
    """A function of a service, and its name with that of its module."""

    name: str
    code: Any

    @property
    def module(self) -> str:
        return self.name.rpartition(".")[0]

    @property
    def reads_a_store(self) -> bool:
        """Whether it stands where queries and use cases do, and not behind an address."""
        return bool({"store", "actions", "copies", "storage"} & set(self.module.split(".")))

    @property
    def parameters(self) -> list[str]:
        given = self.code.args
        return [one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs)]

    @property
    def calls(self) -> Iterator[ast.Call]:
        return (one for one in ast.walk(self.code) if isinstance(one, ast.Call))


@cache
def functions() -> list[Function]:
    """Every function of the modules of the services."""
    found: list[Function] = []
    for path in sorted(SERVICES.rglob("*.py")):
        if not {"migrations", "launcher"} & set(path.parts):
            module = ".".join(path.relative_to(SERVICES).with_suffix("").parts)
            for one in ast.parse(path.read_text()).body:
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef):
                    found.append(Function(f"{module}.{one.name}", one))
    return found


def is_bounded(function: Function) -> bool:
    """Whether the function sends a query that ends after so many rows, more than one."""
    bounds = (
        call.args[0]
        for call in function.calls
        if isinstance(call.func, ast.Attribute) and call.func.attr == "limit" and call.args
    )
    return any(not (isinstance(one, ast.Constant) and one.value == 1) for one in bounds)


def passes_cursor(call: ast.Call, parameters: list[str]) -> bool:
    """Whether the call gives one of the cursors among these parameters."""
    given = {one.arg for one in call.keywords} | set(parameters[: len(call.args)])
    return not CURSORS.isdisjoint(given)


def query_names(route: APIRoute) -> set[str]:
    """The query parameters of a route, those of its models too."""
    names = set[str]()
    for one in route.dependant.query_params:
        model: Any = one.field_info.annotation
        names |= model.model_fields.keys() if hasattr(model, "model_fields") else {one.alias}
    return names


def test_every_bounded_list_of_an_api_has_a_cursor() -> None:
    lists = {named(one): query_names(one) for one in ROUTES if methods_of(one) == ["GET"]}
    bounded = {route: names for route, names in lists.items() if not BOUNDS.isdisjoint(names)}
    assert len(bounded) > 10
    assert [route for route, names in bounded.items() if CURSORS.isdisjoint(names)] == []


def test_every_bounded_query_has_a_cursor() -> None:
    cut = {
        one.name
        for one in functions()
        if is_bounded(one) and one.module not in JOBS and CURSORS.isdisjoint(one.parameters)
    }
    assert cut == NO_LIST.keys()


def test_whoever_shows_a_list_passes_its_cursor() -> None:
    lists = {
        one.code.name: one.parameters
        for one in functions()
        if not BOUNDS.isdisjoint(one.parameters) and not CURSORS.isdisjoint(one.parameters) and one.reads_a_store
    }
    assert {"agenda", "in_turn", "referrals_of", "tokens_page"} <= lists.keys()
    first = {
        f"{one.name} → {call.func.id}"
        for one in functions()
        for call in one.calls
        if not one.reads_a_store
        and isinstance(call.func, ast.Name)
        and call.func.id in lists
        and not passes_cursor(call, lists[call.func.id])
    }
    assert first == FIRST_ROWS.keys()
