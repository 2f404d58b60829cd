"""docs/architecture.md, its picture and its table show the platform as the code wires it."""

import dataclasses
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from services.chassis.events.reactions import Reactions
from services.chassis.service.definition import Service
from services.chassis.storage.store import Work
from services.contracts import TOPICS
from services.contracts.directory import ProviderPublished
from services.launcher import architecture
from services.launcher.catalogue import SERVICES
from services.launcher.documents import DOCS, documents

PAGE = DOCS / "architecture.md"
CHASSIS = DOCS.parent / "services" / "chassis"


@pytest.mark.parametrize("made", [PAGE, DOCS / "architecture.svg"], ids=lambda path: path.name)
def test_page_and_picture_are_as_the_code_is(made: Path) -> None:
    assert made.read_bytes() == documents()[made], "run `make snapshots`"


def _with_impact_reacting_to_providers() -> dict[str, Service]:
    reactions = Reactions()
    reactions.by_type.update(SERVICES["impact"].reactions.by_type)

    @reactions.on(ProviderPublished)
    async def on_provider_published(work: Work, event: ProviderPublished) -> None: ...  # pyright: ignore[reportUnusedFunction]

    return {**SERVICES, "impact": dataclasses.replace(SERVICES["impact"], reactions=reactions)}


def test_the_picture_and_its_table_change_when_a_service_consumes_another_topic() -> None:
    changed = _with_impact_reacting_to_providers()
    assert architecture.picture(changed) != architecture.picture(SERVICES)
    before, after = (
        {rail.topic.name: rail.consumes for rail in architecture.rails(services)} for services in (SERVICES, changed)
    )
    assert {name for name in before if before[name] != after[name]} == {"cefo.directory.providers"}
    assert "impact" in after["cefo.directory.providers"]


def test_the_picture_is_a_document_with_a_mark_for_every_one_who_emits_or_consumes() -> None:
    drawn = ElementTree.fromstring(architecture.picture(SERVICES))
    marks = len(drawn.findall("{http://www.w3.org/2000/svg}circle"))
    in_the_legend = 2
    assert marks - in_the_legend == sum(len({rail.emits} | rail.consumes) for rail in architecture.rails(SERVICES))


def test_partners_may_read_what_their_page_says() -> None:
    (said,) = re.findall(
        r"a partner's Kafka account may read this topic, (.*?), and\n?\s*no other",
        (DOCS / "partners.md").read_text(),
        re.DOTALL,
    )
    named = {"cefo.directory.referral-events", *re.findall(r"`(cefo[^`]+)`", said)}
    assert named == {topic.name for topic in TOPICS.values() if topic.for_partners}


@pytest.mark.parametrize(
    "room", [path.name for path in (DOCS.parent / "services/chassis").iterdir() if (path / "__init__.py").exists()]
)
def test_the_architecture_page_names_every_room_of_the_chassis(room: str) -> None:
    named = re.search(r"<!-- rooms -->(.*)<!-- /rooms -->", PAGE.read_text(), re.DOTALL)
    assert named is not None
    assert f"| `{room}/` |" in named[1]
