"""The answers of a route beside its success: from its access policy, its input, its limits and its refusals."""

from collections.abc import Iterable
from typing import Any

from fastapi.routing import APIRoute

from services.chassis.refusals import (
    BodyTooLarge,
    Invalid,
    NotAllowed,
    NotSignedIn,
    PlanClosed,
    Refused,
    RepeatedField,
    Unavailable,
)
from services.chassis.web.imports import faults
from services.chassis.web.openapi.reasons import refusals_in
from services.chassis.web.problems import PROBLEM, problem_example
from services.chassis.web.routing import policy_of

Json = dict[str, Any]
EXAMPLES = "#/components/examples/"
_CROSS_ORIGIN = "cross-origin"
_UNREADABLE = "unreadable"
_FAILED = "failed"

_OF_FILES: set[type[Refused]] = {
    one for one in vars(faults).values() if isinstance(one, type) and issubclass(one, Refused) and one is not Refused
}
"""Why an import refuses a whole file."""

_MEANINGS = {
    400: "The body cannot be read",
    401: "Nobody is signed in, or the token is not valid",
    403: "The account may not do this",
    404: "It does not exist, or not for this account",
    409: "It does not fit what is stored; read again, then decide",
    413: "The body is too large",
    415: "This kind of file cannot be read",
    422: "A field is missing, unknown, or breaks a rule",
    429: "Too many requests",
    500: "An error of the platform",
    503: "Store or broker are unavailable; nothing was changed; send the same request again",
}
_HEADERS: dict[int, Json] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "description": "`Bearer`"}},
    429: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}},
    503: {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds"}},
}


class Reasons:
    """The reasons of all routes of a document, each an example in its components."""

    def __init__(self) -> None:
        self.examples: dict[str, Json] = {}

    def answers_of(self, route: APIRoute) -> dict[str, Json]:
        """The problem documents with which a route may answer, by status."""
        by_status: dict[int, list[str]] = {500: [self._add(_FAILED, 500, "An unexpected error; it was logged.")]}
        for refusal in _one_per_reason(_refusals_of(route)):
            by_status.setdefault(refusal.status, []).append(self._add_refusal(refusal))
        if route.methods != {"GET"}:
            text = "A browser sent it, with its cookie, from another site's page."
            by_status.setdefault(403, []).append(self._add(_CROSS_ORIGIN, 403, text))
        if route.body_field is not None:
            by_status.setdefault(400, []).append(self._add(_UNREADABLE, 400, "The body is not text in UTF-8."))
        return {str(status): _answer(status, names) for status, names in sorted(by_status.items())}

    def _add_refusal(self, refusal: type[Refused]) -> str:
        return self._add(refusal.slug, refusal.status, refusal.__doc__ or refusal.slug, refusal)

    def _add(self, slug: str, status: int, summary: str, refusal: type[Refused] | None = None) -> str:
        """Add the example of a reason. Returns its name."""
        self.examples.setdefault(
            slug, {"summary": summary.splitlines()[0], "value": problem_example(slug, status, refusal or summary)}
        )
        return slug


def rules_of_lines(route: APIRoute) -> list[str]:
    """The codes with which an import refuses a line, in its report."""
    found = [one for one in refusals_in(route.dependant) if one.status in (404, 409, 422)]
    return sorted({one.slug for one in found}) if _is_import(route) else []


def _refusals_of(route: APIRoute) -> set[type[Refused]]:
    found = {Unavailable, *refusals_in(route.dependant)}
    if _is_import(route):  # rules are for lines, and in the report
        found = {one for one in found if one.status not in (404, 409, 422)} | _OF_FILES
    dependant = route.dependant
    if policy_of(route).roles is not None:
        found |= {NotSignedIn, NotAllowed}
    if policy_of(route).roles is None or route.methods == {"GET"}:
        found -= {PlanClosed}
    if route.body_field is not None:
        found |= {BodyTooLarge, RepeatedField}
    if dependant.query_params:
        found.add(RepeatedField)
    if route.body_field is not None or dependant.path_params or dependant.query_params or dependant.header_params:
        found.add(Invalid)
    return found


def _one_per_reason(found: Iterable[type[Refused]]) -> Iterable[type[Refused]]:
    """In order of their codes; of classes with one code the most general."""
    by_reason: dict[tuple[str, int], type[Refused]] = {}
    for refusal in sorted(found, key=lambda one: one.slug):
        same = [one for one in refusal.__mro__ if issubclass(one, Refused) and one.slug == refusal.slug]
        by_reason.setdefault((refusal.slug, refusal.status), same[-1])
    return by_reason.values()


def _is_import(route: APIRoute) -> bool:
    return "requestBody" in (route.openapi_extra or {})


def _answer(status: int, names: list[str]) -> Json:
    examples = {name: {"$ref": f"{EXAMPLES}{name}"} for name in dict.fromkeys(names)}
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": examples}}
    reasons = ", ".join(f"`{name}`" for name in examples)
    answer: Json = {"description": f"{_MEANINGS.get(status, 'Refused')}. Reasons: {reasons}.", "content": content}
    return answer | ({"headers": _HEADERS[status]} if status in _HEADERS else {})
