"""The page of what a service emits and consumes."""

from typing import Any

from services.chassis.brokers.apache import ApacheBroker
from services.chassis.events.asyncapi import EventSpecification
from services.chassis.events.reactions import Reactions
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Work
from services.chassis.testing import Client
from services.chassis.web.event_pages import Channel, Field, shown
from services.contracts.directory import CentrePublished
from services.contracts.scheduling import WorkshopAnnounced

reactions = Reactions()


@reactions.on(WorkshopAnnounced)
async def on_workshop(work: Work, event: WorkshopAnnounced) -> None: ...


@reactions.on(CentrePublished)
async def on_centre(work: Work, event: CentrePublished) -> None: ...


def consumed(**settings: Any) -> dict[str, Channel]:
    chosen = Settings(**settings)
    stream = ApacheBroker(chosen).stream("test")
    specification = EventSpecification("test", {"test": reactions}, stream, chosen)
    return {channel.topic: channel for channel in shown(specification.to_specification().to_jsonable())["consumed"]}


def fields(channel: Channel) -> dict[str, Field]:
    return {field.path: field for field in channel.messages[0].fields}


def test_a_field_has_its_type_and_its_privacy_class() -> None:
    shown = fields(consumed()["cefo.scheduling.workshops"])
    assert shown["workshop_id"] == Field("workshop_id", "uuid", True, "operational", None, "")
    assert (shown["area"].type, shown["area"].privacy) == ("string | null", "public")
    assert (shown["sessions"].type, shown["sessions"].privacy) == ("object[]", None)
    assert (shown["sessions[].minutes"].type, shown["sessions[].minutes"].privacy) == ("integer", "operational")


def test_codes_lists_and_defaults_are_written_out() -> None:
    shown = fields(consumed()["cefo.directory.centres"])
    assert shown["kind"].type == '"cite" | "carrefour"'
    assert shown["opening_hours[].weekdays"].type == '("MO" | "TU" | "WE" | "TH" | "FR" | "SA" | "SU")[]'
    assert (shown["languages"].required, shown["languages"].default) == (False, '["fr"]')


def test_a_topic_has_its_retention() -> None:
    by_age = consumed(topic_days=30, backup_days=29, partitions=6, replication=3)
    workshops, centres = by_age["cefo.scheduling.workshops"], by_age["cefo.directory.centres"]
    assert (workshops.days, workshops.compacted, workshops.partitions, workshops.replicas) == (30, False, 6, 3)
    assert (centres.days, centres.compacted) == (None, True)
    assert consumed()["cefo.scheduling.workshops"].days is None


async def test_anyone_may_open_the_page(client: Client) -> None:
    answer = await client.get("/sample/asyncapi", headers={"accept-language": "fr"})
    assert answer.status_code == 200
    for part in ("cefo.intake.visit-served.v1", "visit_id", "Pseudonyme", "traceparent", "no encryption"):
        assert part in answer.text
