"""Whether the services of a process are ready."""

import contextlib
from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import JSONResponse, Response

from services.chassis.runtime.telemetry import Warns
from services.chassis.service.definition import Runtime


class Readiness(BaseModel):
    """Whether the parts of each service answer, by service and part."""

    status: Literal["ok", "not-ready"]
    services: dict[str, dict[str, bool]]
    warnings: dict[str, dict[Warns, str]]
    """By service and subject, what an operator should know."""


async def readiness(runtimes: Iterable[Runtime]) -> Response:
    """Whether every part of these services answers; 503 names what does not.

    Warnings do not make it 503: without them people would lose every page because messages wait.
    """
    found = list(runtimes)
    parts = {runtime.service.name: await runtime.ready() for runtime in found}
    fine = all(all(part.values()) for part in parts.values())
    answer = Readiness(status="ok" if fine else "not-ready", services=parts, warnings=await _warnings(found))
    return JSONResponse(answer.model_dump(), 200 if fine else 503)


async def _warnings(runtimes: list[Runtime]) -> dict[str, dict[Warns, str]]:
    """By service, what an operator should know; a store that does not answer is named elsewhere."""
    found: dict[str, dict[Warns, str]] = {}
    for runtime in runtimes:
        with contextlib.suppress(SQLAlchemyError, OSError):
            if warnings := await _warnings_of(runtime):
                found[runtime.service.name] = warnings
    return found


async def _warnings_of(runtime: Runtime) -> dict[Warns, str]:
    found = runtime.erased.warnings()
    if runtime.mail is not None and (mail := await runtime.mail.warning()):
        found["mail"] = mail
    return found
