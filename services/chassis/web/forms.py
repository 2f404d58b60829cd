"""What people type into a page's form: read strictly, answered kindly, and done whole or not at all.

A form with words in it is read by `read_form` and done by `tried`; what is wrong then stands at its field, with the
words still there, and the store is as it was. A form of buttons and choices is read by `Form()` and done in `Working`:
a refusal sends the browser back, and there is nothing to lose.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, get_origin

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from services.chassis.refusals import NotAllowed, NotFound, Refused, Unavailable
from services.chassis.service.definition import Runtime
from services.chassis.storage.store import Work
from services.chassis.web.problems import faults_of
from services.chassis.web.routing import cause_of

Filled = TypeVar("Filled", bound=BaseModel)
Result = TypeVar("Result")


async def read_form(request: Request, form: type[Filled]) -> tuple[Filled | None, dict[str, Any], dict[str, str]]:
    """The form, what was typed into it, and what is wrong by field (then the form is None).

    An empty field counts as missing. A field that is a list is typed as a list.
    """
    given = await request.form()
    typed: dict[str, Any] = {}
    submitted: dict[str, Any] = {}
    for name in given:
        several = _is_list(form, name)
        # Browsers send line ends as CR LF, whatever was typed.
        texts = [text.replace("\r\n", "\n") for text in given.getlist(name) if isinstance(text, str)]
        texts = texts if several else texts[-1:]
        if name in form.model_fields:
            typed[name] = texts if several else "".join(texts)
        if full := [text.strip() for text in texts if text.strip()]:
            submitted[name] = full if several else full[0]
    try:
        return form.model_validate(submitted), typed, {}
    except ValidationError as error:
        return None, typed, by_field(error)


async def apply_form(
    request: Request, running: Runtime, act: Callable[[Work], Awaitable[Result]]
) -> tuple[Result | None, dict[str, str]]:
    """Do what a form asks, whole or not at all: what came of it, or what was wrong by field.

    What the page then shows is read afterwards: it may have changed. Raises what is no matter of a field: `NotAllowed`,
    `NotFound` of the page's own thing, `Unavailable`.
    """
    try:
        async with running.store.work(cause_of(request)) as work:
            result = await act(work)
    except Refused as refused:
        absent = isinstance(refused, NotFound) and refused.about is None
        if absent or isinstance(refused, NotAllowed | Unavailable):
            raise
        return None, by_field(refused)
    return result, {}


def by_field(error: Refused | ValidationError) -> dict[str, str]:
    """What is wrong, by field, in the reader's language."""
    return {fault["field"]: fault["message"] for fault in faults_of(error)}


def _is_list(form: type[BaseModel], name: str) -> bool:
    field = form.model_fields.get(name)
    return field is not None and get_origin(field.annotation) is list
