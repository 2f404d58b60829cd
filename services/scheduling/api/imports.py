"""Imports of past interviews and workshops."""

from typing import Any

from fastapi import Request
from starlette.responses import Response

from services.chassis.web import Router, import_lines, imports
from services.scheduling.api.roles import PREFIX, Operator
from services.scheduling.imports import (
    InterviewLine,
    WorkshopLine,
    interview_checks,
    record_interviews,
    record_workshops,
    workshop_checks,
)

router = Router(PREFIX, tags=["imports"])

IMPORT_PATHS = (f"{PREFIX}/interviews/import", f"{PREFIX}/workshops/import")


WORKSHOP_LINES_PER_BATCH = 20
"""Workshop lines per batch: each makes about fifty events and as many rows, an interview line one."""


@router.post("/interviews/import", **imports(InterviewLine))
async def import_interviews(request: Request, person: Operator) -> Response:
    """Import past interviews: NDJSON, or CSV with `Content-Type: text/csv`.

    Workshops first: a finalising interview follows its workshop.
    """
    return await import_lines(request, InterviewLine, record_interviews, interview_checks)


@router.get("/interviews/import/schema")
async def interview_schema(person: Operator) -> dict[str, Any]:
    """The JSON Schema of one line."""
    return InterviewLine.model_json_schema()


@router.post("/workshops/import", **imports(WorkshopLine, tables=False))
async def import_workshops(request: Request, person: Operator) -> Response:
    """Import past workshops, with seats and attendance: NDJSON."""
    return await import_lines(
        request, WorkshopLine, record_workshops, workshop_checks, tables=False, batch_lines=WORKSHOP_LINES_PER_BATCH
    )


@router.get("/workshops/import/schema")
async def workshop_schema(person: Operator) -> dict[str, Any]:
    """The JSON Schema of one line."""
    return WorkshopLine.model_json_schema()
