"""Writes the documents generated from the code: `make snapshots`. Tests compare them with the code."""

from pathlib import Path

import orjson
from pydantic import BaseModel

from services.chassis.runtime.settings import FromEnvironment, Settings, as_markdown
from services.contracts.consent import EFFECTS
from services.intake.imports import VisitLine
from services.launcher import architecture, glossary
from services.launcher.catalogue import SERVICES
from services.scheduling.imports import InterviewLine, WorkshopLine

DOCS = Path(__file__).parents[2] / "docs"
LINES: dict[str, type[BaseModel]] = {
    "visits": VisitLine,
    "workshops": WorkshopLine,
    "interviews": InterviewLine,
}


TOPICS = ("<!-- topics: made by `make snapshots` -->\n", "<!-- /topics -->")
SETTINGS = ("<!-- settings -->\n", "<!-- /settings -->")
PURPOSES = ("<!-- purposes: made by `make snapshots` -->\n", "<!-- /purposes -->")
"""The markers around the generated part of a page."""


def with_generated(page: Path, markers: tuple[str, str], generated: str) -> bytes:
    """The page, with the part between its markers replaced."""
    before, begin, rest = page.read_text().partition(markers[0])
    _, end, after = rest.partition(markers[1])
    return f"{before}{begin}{generated}{end}{after}".encode()


def settings() -> dict[str, type[FromEnvironment]]:
    """All settings: of every process, and by name of each service that has its own."""
    own = {name: service.settings for name, service in SERVICES.items() if service.settings is not None}
    return {"": Settings} | own


def settings_tables() -> str:
    """What docs/settings.md says of them."""
    return "\n".join(
        (f"### Only `{service}`\n\n" if service else "") + as_markdown(kind) for service, kind in settings().items()
    )


def purposes_table() -> str:
    """What docs/privacy.md says of each purpose, by service."""
    lines = ["| purpose | service | allows | when withdrawn | when given again |", "|---|---|---|---|---|"]
    for purpose, effects in EFFECTS.items():
        lines += [
            f"| `{purpose}` | {one.service} | {one.allows} | {one.withdrawn} | {one.given_again} |" for one in effects
        ]
    return "\n".join(lines) + "\n"


def documents() -> dict[Path, bytes]:
    """Every generated document by path; of pages, only the part between their markers is generated."""
    schemas = {
        DOCS / "imports" / f"{name}.schema.json": orjson.dumps(
            model.model_json_schema(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
        )
        for name, model in LINES.items()
    }
    architecture_page, settings_page, privacy_page = (
        DOCS / f"{name}.md" for name in ("architecture", "settings", "privacy")
    )
    return schemas | {
        DOCS / "architecture.svg": architecture.picture(SERVICES).encode(),
        architecture_page: with_generated(architecture_page, TOPICS, architecture.table(SERVICES)),
        DOCS / "glossary.md": glossary.page(DOCS / "terms.toml").encode(),
        privacy_page: with_generated(privacy_page, PURPOSES, purposes_table()),
        settings_page: with_generated(settings_page, SETTINGS, settings_tables()),
    }


if __name__ == "__main__":
    for path, content in documents().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
