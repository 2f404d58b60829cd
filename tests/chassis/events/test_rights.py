"""The least rights on Kafka follow from the topics and the reactions, so that none can be forgotten."""

from services.chassis.events.reactions import Reactions
from services.chassis.events.rights import (
    consumed_topics,
    rights_of_desk,
    rights_of_gateway,
    rights_of_partner,
    rights_of_service,
)
from services.chassis.storage.store import Work
from services.contracts.intake import DeskCheckIn
from services.contracts.scheduling import InterviewHeld
from services.contracts.topics import ERASED


async def react(work: Work, event: object) -> None:
    """Of no interest here."""


def test_a_service_writes_what_it_owns_and_reads_what_it_reacts_to() -> None:
    reactions = Reactions()
    reactions.on(DeskCheckIn)(react)
    reactions.on(InterviewHeld)(react)
    rights = rights_of_service("plans", [*consumed_topics(reactions), ERASED], "cefo-plans")
    assert {one.user for one in rights} == {"cefo-plans"}
    assert {(one.resource, one.name, *one.operations, *(["prefix"] if one.prefixed else [])) for one in rights} == {
        ("topic", "cefo.plans.plans", "create", "read", "write"),
        ("topic", "cefo.plans.plans.dead-letters", "create", "describe"),
        ("topic", "cefo.scheduling.interviews", "create", "read"),
        ("topic", "cefo.scheduling.interviews.dead-letters", "create", "write"),
        ("topic", "cefo.desk.check-ins", "create", "read"),
        ("topic", "cefo.desk.check-ins.", "create", "read", "prefix"),
        ("topic", "cefo.desk.check-ins.dead-letters", "create", "write"),
        ("topic", "cefo.intake.erased", "create", "read"),
        ("topic", "cefo.intake.erased.dead-letters", "create", "describe"),
        ("group", "cefo.plans", "read"),
    }


def test_a_desk_writes_to_its_centre_and_a_gateway_for_all() -> None:
    [desk] = rights_of_desk("liege", "cefo-desk-liege")
    assert (desk.name, desk.operations, desk.prefixed) == ("cefo.desk.check-ins.liege", ("write",), False)
    [gateway] = rights_of_gateway("cefo-gateway")
    assert (gateway.name, gateway.operations, gateway.prefixed) == ("cefo.desk.check-ins", ("write",), False)


def test_a_partner_reads_what_is_for_partners_in_groups_of_its_own() -> None:
    *topics, group = rights_of_partner("cdm-liege", "cefo-partner-cdm-liege")
    assert {(one.name, one.operations) for one in topics} == {
        ("cefo.directory.providers", ("read",)),
        ("cefo.directory.centres", ("read",)),
        ("cefo.directory.referral-events", ("read",)),
    }
    assert (group.resource, group.name, group.prefixed, group.operations) == (
        "group",
        "partner.cdm-liege.",
        True,
        ("read",),
    )
