"""Answers to refusals and errors: problem details (RFC 9457) for machines, a page for people."""

from collections.abc import Collection
from datetime import date, datetime
from enum import StrEnum
from string import Formatter
from typing import Any, cast

from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.middleware.body_limit import MAX_BODY_SIZE_SCOPE_KEY
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from services.chassis.copies.areas import area_label
from services.chassis.i18n import date_text, moment_text, translate, word_of
from services.chassis.refusals import (
    CHOICES,
    BodyTooLarge,
    Message,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Refused,
    TooManyRequests,
    Unavailable,
    UnknownArea,
    msg,
)
from services.chassis.runtime.telemetry import log
from services.chassis.runtime.tracing import without_secrets
from services.chassis.storage.errors import is_unavailable
from services.chassis.web.choices import codes_in, listed, words_of
from services.chassis.web.pages import problem_page, see_back
from services.chassis.web.routing import routes_in
from services.contracts.text import mended
from services.contracts.values import SHAPES

_log = log(__name__)

_RULES = {
    "missing": msg("Fill in this field."),
    "extra_forbidden": msg("There is no such field here. Remove it, or reload the page."),
    "uuid_parsing": msg("Enter the whole reference: 36 letters, digits and hyphens."),
    "uuid_type": msg("Enter the whole reference: 36 letters, digits and hyphens."),
    "not_distinct": msg("Two entries of this list have the same reference. Give each its own."),
    "list_type": msg("Enter a list, also for a single value."),
    "tuple_type": msg("Enter a list, also for a single value."),
    "enum": msg("Choose from the list."),
    "literal_error": msg("Choose from the list."),
    "string_type": msg("Enter a text."),
    "string_unicode": msg("Enter a text."),
    "control_character": msg("Remove the character {character}: it cannot be shown. Then type this text again."),
    "string_too_long": msg("Shorten the text. Maximum number of characters: {max_length}."),
    "too_long": msg("Too many entries. Keep at most {max_length}."),
    "too_short": msg("Too few entries. Give at least {min_length}."),
    "greater_than_equal": msg("Enter {ge} or more."),
    "less_than_equal": msg("Enter {le} or less."),
    "json_invalid": msg("This is not JSON. Correct it and send it again."),
    "model_attributes_type": msg("Send JSON with fields, as application/json."),
    "model_type": msg("Enter one JSON object with its fields."),
}
_CHOICES = {"enum", "literal_error"}
_NAMED = msg("Choose one of these: {choices}.")
_MOST_NAMED = 12
"""Most choices that a refusal names; more are in a list."""
_LONGEST_NAME = 100
"""Most characters of a field's name in an answer: the sender chooses it."""
_OTHER = msg("This value is not valid. Please correct it.")
_TITLES = {
    400: msg("The data cannot be read"),
    401: msg("Please sign in"),
    403: msg("You have no access to this page"),
    404: msg("Page not found"),
    405: msg("Not possible here"),
    409: msg("This is not possible"),
    413: msg("Too large"),
    415: msg("This kind of file cannot be read"),
    422: msg("Some information needs correcting"),
    429: msg("Too many requests"),
    500: msg("Error on our side"),
    503: msg("Not possible right now"),
}
_DETAILS = {
    400: msg("The content cannot be read. Correct it, and send it again as UTF-8."),
    404: msg("This page does not exist. Check the address or go to the home page."),
    405: msg("This cannot be done at this address. Go back to the previous page."),
}
_FAILED = msg("Something went wrong on our side. We know about it. Try again in a few minutes.")


PROBLEM = "application/problem+json"
Fault = dict[str, Any]
"""`field`, `rule`, `message`, and the values of a refusal that are not in its message."""


def field_fault(fault: Any) -> Fault:
    """One of pydantic's errors as `{field, rule, message}`, in the current language; of choices also their codes."""
    context: dict[str, Any] = fault.get("ctx") or {}
    values = {name: _plain(value) for name, value in context.items()}
    rule = str(fault["type"])
    path = [_shown_name(part) for part in fault["loc"] if part not in ("body", "query", "path", "header")]
    codes = codes_in(values["expected"]) if rule in _CHOICES else []
    values["choices"] = listed(words_of(codes))
    message = translate(SHAPES.get(rule) or (_NAMED if values["choices"] else _RULES.get(rule, _OTHER)))
    if fault["loc"][:1] == ("body",) and (rule == "json_invalid" or not path):
        path = ["body"]  # the position of a JSON error is not a field, nor is the whole body
    field = ".".join(path)
    named = {"field": field, "rule": rule.replace("_", "-"), "message": message.format_map(_Lenient(values))}
    return named | ({"known": codes} if codes else {})


def _plain(value: object) -> str:
    """A limit as people write it: `-90`, where it is a decimal too."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _shown_name(part: object) -> str:
    """A field's name as an answer shows it."""
    return mended(str(part))[:_LONGEST_NAME]


def rule_words(rule: str) -> str:
    """What one of pydantic's rules asks for, in the current language, with `…` for its values."""
    return outline(SHAPES.get(rule) or _RULES.get(rule, _OTHER))


def outline(message: str) -> str:
    """A message in the current language, with `…` for its values."""
    return translate(message).format_map(_Lenient())


class _Lenient(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


def explain(refused: Refused) -> str:
    """The refusal's message in the current language, with the names of what can be chosen if there are few."""
    text = translate(refused.message).format(**{name: _shown(value) for name, value in refused.values.items()})
    names = _choices(refused)
    return f"{text} {translate(_NAMED).format(choices=listed(names))}" if 0 < len(names) <= _MOST_NAMED else text


def _choices(refused: Refused) -> Collection[str]:
    """The names of what can be chosen instead, as people read them. `choices`: those that the store has."""
    known = refused.values.get("known", ())
    if names := refused.values.get("choices"):
        return names
    if not isinstance(known, list | tuple | set | frozenset):
        return ()
    codes = cast(Collection[str], known)
    return [area_label(code) for code in codes] if isinstance(refused, UnknownArea) else words_of(codes)


def _shown(value: Any) -> Any:
    """A value as people read it."""
    match value:
        case StrEnum():
            labels = CHOICES.get(frozenset(map(str, type(value))))
            return word_of(value) if labels is None or isinstance(labels, type) else translate(labels[value])
        case Message():
            return translate(value)
        case datetime():
            return moment_text(value, "short")
        case date():
            return date_text(value, "short")
        case list() | tuple() | set() | frozenset():
            return ", ".join(str(_shown(one)) for one in cast(Collection[Any], value)) or "–"
        case _:
            return value


def faults_of(error: Refused | RequestValidationError | ValidationError) -> list[Fault]:
    """The fields, rules and messages of a refusal or validation error."""
    if isinstance(error, Refused):
        field = _shown_name(error.about or "")
        return [_members(error) | {"field": field, "rule": error.slug, "message": explain(error)}]
    return [field_fault(fault) for fault in error.errors()]


def _members(refused: Refused) -> dict[str, Any]:
    """The refusal's values that are not in its message, as JSON: codes and versions, which only machines read."""
    shown = {"choices", *(name for _, name, _, _ in Formatter().parse(refused.message))}
    return jsonable_encoder({name: value for name, value in refused.values.items() if name not in shown})


def problem(status: int, slug: str, detail: str, faults: list[Fault] | None = None) -> JSONResponse:
    """Problem details, RFC 9457; what else a refusal gives to machines is in its `errors`."""
    body = _members_of(status, slug, title(status), detail, faults)
    headers = {"Retry-After": "2"} if status == 503 else {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return JSONResponse(body, status, headers, media_type=PROBLEM)


def problem_example(slug: str, status: int, about: type[Refused] | str) -> dict[str, Any]:
    """An example of a problem document in English, with `…` for values. `about`: the refusal, or the detail."""
    if isinstance(about, str):
        return _members_of(status, slug, _TITLES[status], about)
    detail = about.message.format_map(_Lenient())
    faults = [{"field": about.field_name, "rule": slug, "message": detail}] if about.field_name else None
    return _members_of(status, slug, _TITLES[status], detail, faults)


def _members_of(status: int, slug: str, title: str, detail: str, faults: list[Fault] | None = None) -> dict[str, Any]:
    body = {"type": f"/problems/{slug}", "title": title, "status": status, "detail": detail}
    return body | ({"errors": faults} if faults else {})


def wants_page(request: Request) -> bool:
    """Whether a browser requests a page."""
    return "text/html" in request.headers.get("accept", "") and "/api/" not in request.url.path


def as_refused(error: Exception) -> Refused | None:
    """The refusal for an exception; None for an unexpected error."""
    if isinstance(error, Refused):
        return error
    return Unavailable() if is_unavailable(error) else None


def title(status: int) -> str:
    """The title of a problem, in the current language."""
    return translate(_TITLES.get(status, _TITLES[409]))


async def answer_refused(request: Request, error: Exception) -> Response:
    """A refusal as problem details or page; an unexpected error is logged and answered without details."""
    refused = as_refused(error)
    if refused is None:
        _log.error("request failed", path=without_secrets(request.url.path), exc_info=error)
        return _answer(request, 500, "failed", translate(_FAILED), [])
    if isinstance(refused, TooManyRequests):
        answer = _answer(request, refused.status, refused.slug, explain(refused), [])
        answer.headers["Retry-After"] = str(refused.retry_after)
        return answer
    if wants_page(request):
        if isinstance(refused, NotSignedIn) and request.method == "GET":
            return see_back(request, to_sign_in=True)
        if request.method == "POST" and not isinstance(refused, NotAllowed | NotFound | Unavailable | NotSignedIn):
            return see_back(request, error=explain(refused))
        return problem_page(request, refused.status, title(refused.status), explain(refused))
    return _answer(request, refused.status, refused.slug, explain(refused), faults_of(refused) if refused.about else [])


async def answer_invalid(request: Request, error: Exception) -> Response:
    """The answer to a request with invalid fields. Only machines get the names of the fields."""
    faults = faults_of(cast(RequestValidationError, error))
    if not wants_page(request):
        named = (f"{fault['field']}: {fault['message']}" for fault in faults[:5])
        return problem(422, "invalid", " ".join(named), faults)
    text = " ".join(dict.fromkeys(fault["message"] for fault in faults[:5]))
    return see_back(request, error=text) if request.method == "POST" else problem_page(request, 422, title(422), text)


async def answer_http(request: Request, error: Exception) -> Response:
    """The answer to the framework's own errors: unknown path, wrong method, body too large."""
    refusal = cast(HTTPException, error)
    if refusal.status_code == BodyTooLarge.status:
        return await answer_refused(request, BodyTooLarge(limit=request.scope.get(MAX_BODY_SIZE_SCOPE_KEY, "…")))
    if (
        refusal.status_code == 405
        and request.method == "GET"
        and wants_page(request)
        and (above := _page_above(request))
    ):
        return RedirectResponse(above, 303)
    slug = {400: "unreadable", 404: "not-found", 405: "wrong-method"}.get(refusal.status_code, "refused")
    response = _answer(request, refusal.status_code, slug, translate(_DETAILS.get(refusal.status_code, _OTHER)), [])
    for name, value in (refusal.headers or {}).items():
        response.headers[name] = value
    return response


def _page_above(request: Request) -> str | None:
    """The nearest page above an address that takes only forms: where people come with the answer of a form, by its
    links to other languages, by going back, or from their history.
    """
    pages = [
        route
        for route in routes_in(request.app.routes)
        if not route.include_in_schema and "GET" in (route.methods or ())
    ]
    path = request.url.path
    while path := path.rpartition("/")[0]:
        for address in (path, f"{path}/"):
            if any(page.path_regex.match(address) for page in pages):
                return f"{address}?{request.url.query}" if request.url.query else address
    return None


def _answer(request: Request, status: int, slug: str, detail: str, faults: list[Fault]) -> Response:
    if wants_page(request):
        return problem_page(request, status, title(status), detail)
    return problem(status, slug, detail, faults)
