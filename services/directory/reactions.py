"""Reactions of the directory to incoming events."""

from services.chassis.copies.aliases import copy_alias, drop_alias
from services.chassis.copies.visitors import copy_visitor
from services.chassis.events.reactions import Reactions
from services.chassis.storage.store import Work
from services.contracts.intake import (
    SubjectErased,
    VisitorConsentGiven,
    VisitorConsentWithdrawn,
    VisitorLinkChanged,
    VisitorRegistered,
)
from services.contracts.persons import VisitorMerged, VisitorSeparated
from services.contracts.plans import ActionPlanned
from services.directory import actions
from services.directory.actions import consent
from services.directory.store import Alias, ErasedSubject, RegisteredPerson, Visitor

reactions = Reactions()


@reactions.on(ActionPlanned)
async def on_action_planned(work: Work, event: ActionPlanned) -> None:
    """Opens a referral if the action needs a provider; without a usable service, a counsellor chooses one."""
    if event.needs_provider:
        await actions.refer_from_plan(
            work,
            event.action_id,
            subject_ref=event.subject_ref,
            centre=event.centre,
            area=event.area,
            service_id=event.service_id,
            reason=event.reason,
            plan_id=event.plan_id,
        )


@reactions.on(VisitorRegistered, loads=RegisteredPerson)
async def on_visitor_registered(work: Work, event: VisitorRegistered) -> None:
    """Stores where the person is registered, and to what they consent."""
    await consent.give(work, event.subject_ref, event.centre, event.purposes)


@reactions.on(VisitorConsentGiven, loads=RegisteredPerson)
async def on_visitor_consent_given(work: Work, event: VisitorConsentGiven) -> None:
    """Stores to what the person consents now; sends referrals that waited for it."""
    await consent.give(work, event.subject_ref, event.centre, event.in_force)


@reactions.on(VisitorConsentWithdrawn, loads=RegisteredPerson)
async def on_visitor_consent_withdrawn(work: Work, event: VisitorConsentWithdrawn) -> None:
    """Stores to what the person still consents; without referrals, cancels the open ones."""
    await consent.withdraw(work, event.subject_ref, event.purposes, event.in_force)


@reactions.on(SubjectErased, loads=RegisteredPerson)
async def on_subject_erased(work: Work, event: SubjectErased) -> None:
    """Erases the person."""
    await actions.erase_subject(work, event.subject_ref, event.at)


@reactions.on(VisitorLinkChanged, loads=RegisteredPerson)
async def on_visitor_link_changed(work: Work, event: VisitorLinkChanged) -> None:
    """Copies which personal link of a visitor is the current one. Ignores one of an erased person."""
    if await work.session.get(ErasedSubject, event.subject_ref) is None:
        await copy_visitor(work, Visitor, event)


@reactions.on(VisitorMerged, loads=RegisteredPerson)
async def on_visitor_merged(work: Work, event: VisitorMerged) -> None:
    """Copies that two registered persons are the same one. Ignores an erased person."""
    if await work.session.get(ErasedSubject, event.subject_ref) is None:
        await copy_alias(work, Alias, event)


@reactions.on(VisitorSeparated, loads=RegisteredPerson)
async def on_visitor_separated(work: Work, event: VisitorSeparated) -> None:
    """Deletes the copy: the two were merged by mistake."""
    await drop_alias(work, Alias, event.subject_ref)
