"""How the OpenAPI document describes an import: the lines that come in, and the report that goes out."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from services.chassis.web.imports.kinds import CSV, NDJSON
from services.chassis.web.limits import limited
from services.chassis.web.media import Lines, as_text
from services.chassis.web.problem_models import Fault

_SCHEMAS = "#/components/schemas/{model}"


class LineFault(Fault):
    """One fault of a line that was not imported. A line with two faults has two of these."""

    line: int
    field: str | None  # pyright: ignore[reportIncompatibleVariableOverride] - of a line as a whole
    rule: str
    message: str


class Totals(BaseModel):
    """The last line of the report: how many lines there were, and what became of them."""

    model_config = ConfigDict(extra="forbid")

    lines: int
    accepted: int
    unchanged: int
    refused: int


def imports(line: type[BaseModel], *, tables: bool = True) -> dict[str, Any]:
    """What every route of an import declares: `@router.post(path, **imports(Line))`. `tables`: CSV is possible."""
    name, schema = line.__name__, line.model_json_schema(ref_template=_SCHEMAS)
    schema = {"$ref": _SCHEMAS.format(model=name), "$defs": {**schema.pop("$defs", {}), name: schema}}
    kinds = (*NDJSON[:1], *(CSV[:1] if tables else ()))
    content = {kind: {"schema": as_text(kind, schema)} for kind in kinds}
    return {
        "dependencies": [limited("import")],
        "openapi_extra": {"requestBody": {"required": True, "content": content}},
        "response_class": Lines,
        "responses": {200: {"model": LineFault | Totals}},
    }
