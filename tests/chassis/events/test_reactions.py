"""Registering reactions: one for each event type, on the topics of their events."""

import pytest

from services.chassis.events.reactions import Loads, Reactions, RowKey
from services.chassis.storage.store import Work
from services.contracts import Event
from services.contracts.directory import CentrePublished
from services.contracts.intake import VisitCalled, VisitServed
from tests.chassis.sample_service import Note


async def ignore(_work: Work, _event: Event) -> None: ...


def test_a_second_reaction_to_the_same_type_is_an_error() -> None:
    reactions = Reactions()
    reactions.on(VisitServed)(ignore)
    with pytest.raises(TypeError, match=r"visit-served\.v1 already has a reaction"):
        reactions.on(VisitServed)(ignore)


def the_note(event: VisitServed) -> list[RowKey]:
    return [(Note, event.visit_id)]


@pytest.mark.parametrize("loads", [None, the_note])
def test_an_event_that_begins_an_aggregate_names_it(loads: Loads[VisitServed] | None) -> None:
    with pytest.raises(TypeError, match="needs the aggregate"):
        Reactions().on(VisitServed, loads=loads, begins=True)


def test_topics_and_sources_are_those_of_the_registered_events() -> None:
    reactions = Reactions()
    for type in (VisitServed, VisitCalled, CentrePublished):
        reactions.on(type)(ignore)
    assert reactions.topics == {"cefo.intake.visits", "cefo.directory.centres"}
    assert reactions.sources == {"/intake", "/directory"}
