"""Writes the documents that are made from the code: `python -m services.launcher.documents`. A test keeps them true."""

from pathlib import Path

import orjson
from pydantic import BaseModel

from services.intake.imports import VisitLine
from services.launcher import architecture
from services.launcher.catalogue import SERVICES
from services.scheduling.imports import InterviewLine, WorkshopLine

DOCS = Path(__file__).parents[2] / "docs"
LINES: dict[str, type[BaseModel]] = {
    "visits": VisitLine,
    "workshops": WorkshopLine,
    "interviews": InterviewLine,
}


BEGIN, END = "<!-- topics: made by `python -m services.launcher.documents` -->\n", "<!-- /topics -->"


def documents() -> dict[Path, bytes]:
    """Every made document, by its place; of architecture.md the table between its markers."""
    schemas = {
        DOCS / "imports" / f"{name}.schema.json": orjson.dumps(
            model.model_json_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        )
        for name, model in LINES.items()
    }
    page = DOCS / "architecture.md"
    before, _, rest = page.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    return schemas | {
        DOCS / "architecture.svg": architecture.picture(SERVICES).encode(),
        page: f"{before}{BEGIN}{architecture.table(SERVICES)}{END}{after}".encode(),
    }


if __name__ == "__main__":
    for path, content in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
