"""Reads and applies the forms of pages.

A form with text fields is read by `read_form` and applied by `apply_form`: on an error the page shows it at its field,
with the typed text, and the store is unchanged. A form of buttons and choices is read by `Form()` and applied in
`Working`: a refusal redirects back, and no typed text is lost.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from services.chassis.refusals import NotAllowed, NotFound, Refused, RepeatedField, Unavailable
from services.chassis.service.definition import Runtime
from services.chassis.storage.store import Work
from services.chassis.web.problems import faults_of
from services.chassis.web.routing import cause_of, is_several, refuse_repeated
from services.contracts.text import trimmed

Filled = TypeVar("Filled", bound=BaseModel)
Result = TypeVar("Result")


async def read_form(request: Request, form: type[Filled]) -> tuple[Filled | None, dict[str, Any], dict[str, str]]:
    """Returns the form (None if invalid), the typed values by field, and the errors by field.

    An empty field counts as missing. A list field has a list of values; any other field is there once.
    """
    given = await request.form()
    typed: dict[str, Any] = {}
    submitted: dict[str, Any] = {}
    for name in given:
        several = _is_list(form, name)
        # Browsers send line ends as CR LF.
        texts = [text.replace("\r\n", "\n") for text in given.getlist(name) if isinstance(text, str)]
        texts = texts if several else texts[-1:]
        if name in form.model_fields:
            typed[name] = texts if several else "".join(texts)
        if full := [kept for text in texts if (kept := trimmed(text))]:
            submitted[name] = full if several else full[0]
    single = [name for name in typed if not _is_list(form, name)]
    try:
        refuse_repeated(given.multi_items(), single)
        return form.model_validate(submitted), typed, {}
    except RepeatedField as refused:
        return None, typed, errors_of(refused)
    except ValidationError as error:
        return None, typed, by_field(error)


async def apply_form(
    request: Request, running: Runtime, act: Callable[[Work], Awaitable[Result]]
) -> tuple[Result | None, dict[str, str]]:
    """Run `act` in a unit of work. Returns its result and no errors, or None and the errors by field.

    Read what the page shows afterwards. Raises refusals that concern no field: `NotAllowed`, `Unavailable`, and
    `NotFound` for the page's own object.
    """
    try:
        async with running.store.work(cause_of(request)) as work:
            result = await act(work)
    except Refused as refused:
        return None, errors_of(refused)
    return result, {}


def errors_of(refused: Refused) -> dict[str, str]:
    """The errors by field. Raises the refusal itself if it concerns no field, as `apply_form` says."""
    absent = isinstance(refused, NotFound) and refused.about is None
    if absent or isinstance(refused, NotAllowed | Unavailable):
        raise refused
    return by_field(refused)


def by_field(error: Refused | ValidationError) -> dict[str, str]:
    """The error messages by field, in the current language."""
    return {fault["field"]: fault["message"] for fault in faults_of(error)}


def _is_list(form: type[BaseModel], name: str) -> bool:
    field = form.model_fields.get(name)
    return field is not None and is_several(field.annotation)
