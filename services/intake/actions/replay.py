"""Check-ins and steps that a device recorded without the network, and sends when it is back.

In the order in which they happened, with their own times by our clock. One that is refused changes nothing, and stops
none of the others. Sending again changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID, uuid4

from services.chassis.copies.centres import known_centre
from services.chassis.copies.visits import Day
from services.chassis.refusals import AlreadyDifferent, Refused, msg, with_words
from services.chassis.storage.store import Cause, Work
from services.contracts.arrivals import Activity
from services.contracts.intake import Channel, VisitStatus
from services.intake import domain
from services.intake.actions import visits
from services.intake.actions.devices import check_key
from services.intake.actions.end_of_day import close_unended
from services.intake.domain.devices import (
    DeviceKind,
    KioskOnlyChecksIn,
    Offline,
    TicketTaken,
    arrival_times,
    number_given,
    step_time,
)
from services.intake.store import Centre, Visit
from services.intake.store.devices import Device, Number, keep_numbers

StepName = Literal["call", "serve", "finish", "leave"]
ReplayStatus = Literal["accepted", "known", "refused"]
with_words({"call": msg("call"), "serve": msg("receive"), "finish": msg("end"), "leave": msg("departure")})

_LEADS_TO: dict[StepName, VisitStatus] = {
    "call": VisitStatus.CALLED,
    "serve": VisitStatus.BEING_SERVED,
    "finish": VisitStatus.SERVED,
    "leave": VisitStatus.LEFT,
}
_NO_MORE = 2**31 - 1
"""`device_steps` of a visit of which a step was refused: every later one counts as seen."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a visit. `at`: by the device's clock. `desk`: of a call."""

    step: StepName
    at: datetime
    desk: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A check-in as a device recorded it, and every step since. `seq`: its place among those of the device.

    `group`: how many people came together; each has an entry.
    """

    visit_id: UUID
    seq: int
    at: datetime
    area: str | None = None
    other_areas: tuple[str, ...] = ()
    channel: Channel = Channel.DESK
    queue: bool = True
    activity: Activity | None = None
    interpreter_language: str | None = None
    needs: tuple[domain.Need, ...] = ()
    ticket: str | None = None
    group: int = 1
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """What became of an entry. `known`: its visit was there. `problem`: why it is refused, or what was left out."""

    status: ReplayStatus
    visit: Visit | None = None
    problem: Refused | None = None


async def replay(
    work: Work, device_id: UUID, key: str, entries: Sequence[Entry], error: timedelta, traceparent: str | None = None
) -> list[Result]:
    """Check in what a device recorded. Returns the result of each entry, in the order given.

    `error`: how far its clock is behind ours. A concurrent check-in with the same id violates the primary key; the
    unit of work is to be retried. Raises `DeviceUnknown`, `DeviceRevoked`, `DeviceNotOpened`.
    """
    found = await work.find(Device, device_id)  # locked: two tabs that send at once follow each other
    device = await check_key(work.session, found, key, work.now)
    last_used, device.last_used_at = device.last_used_at, work.now
    await work.prefetch(Visit, (entry.visit_id for entry in entries))
    centre = await known_centre(work.session, Centre, device.centre)
    ordered = sorted(range(len(entries)), key=lambda one: entries[one].seq)
    in_order = [entries[one] for one in ordered]
    earliest = work.now - domain.CHECK_IN_WITHIN
    given = [one.at for one in in_order]
    times = arrival_times(given, error, work.now, earliest, set_up=device.enrolled_at, last_used=last_used)
    results = await _check_in(work, device, in_order, times, traceparent)
    await _keep_in_hand(work, device, centre, in_order, results)
    done: dict[int, Result] = {}
    for one, result in zip(ordered, results, strict=True):
        done[one] = result
        if (visit := result.visit) is not None:
            left_out = await _replay_steps(work, device, visit, entries[one].steps, error)
            done[one] = Result(result.status, visit, left_out or result.problem)
            _close_earlier(work, visit, centre)
    return [done[one] for one in range(len(entries))]


async def _check_in(
    work: Work,
    device: Device,
    entries: Sequence[Entry],
    times: Sequence[tuple[datetime, bool]],
    traceparent: str | None,
) -> list[Result]:
    """Check in those that are not there yet; their place in the queue is the order given."""
    found: dict[UUID, Result] = {}
    new: dict[UUID, visits.Arrival] = {}
    for entry, (at, certain) in zip(entries, times, strict=True):
        if entry.visit_id in new or entry.visit_id in found:
            continue  # twice in one request
        if (known := await work.find(Visit, entry.visit_id)) is not None:
            found[entry.visit_id] = _known(known, device, entry)
            continue
        try:
            new[entry.visit_id] = _arrival(device, entry, at, certain, traceparent)
        except Refused as refusal:
            found[entry.visit_id] = Result("refused", problem=refusal)
    arrivals = list(new.values())
    answers = await visits.check_in_all(work, arrivals) if arrivals else []
    for arrival, answer in zip(arrivals, answers, strict=True):
        found[arrival.visit_id] = _result(arrival, answer)
    return [found[entry.visit_id] for entry in entries]


def _known(visit: Visit, device: Device, entry: Entry) -> Result:
    """The visit was checked in before: by this device, or at once when only the answer was lost. Others are not its."""
    answer_lost = visit.device_id is None and visit.fingerprint == visits.fingerprint_of(_at_once(device, entry))
    if visit.device_id == device.id or answer_lost:
        return Result("known", visit)
    return Result("refused", problem=AlreadyDifferent(about="visit_id", id=str(visit.id)))


def _at_once(device: Device, entry: Entry) -> visits.Arrival:
    """The check-in as the device would have sent it at once."""
    return visits.Arrival(
        entry.visit_id,
        device.centre,
        entry.area,
        entry.channel,
        queue=entry.queue,
        other_areas=entry.other_areas,
        activity=entry.activity,
        interpreter_language=entry.interpreter_language,
        needs=entry.needs,
        group=entry.group,
    )


async def _keep_in_hand(
    work: Work, device: Device, centre: Centre, entries: Sequence[Entry], results: Sequence[Result]
) -> None:
    """Keep the ticket that the device gave to a visitor who has the server's: only the answer to the check-in was lost.

    The visit keeps its number, because every copy has it. Desks see both.
    """
    wanted: dict[Number, UUID] = {}
    for entry, result in zip(entries, results, strict=True):
        visit = result.visit
        if visit is None or result.status != "known" or entry.ticket is None or visit.ticket in (entry.ticket, None):
            continue
        if visit.device_id is not None or visit.ticket_in_hand or not VisitStatus(visit.status).in_the_room:
            continue
        try:
            number = _number(device, entry)
        except Refused:
            continue
        if number is not None:
            visit.ticket_in_hand = entry.ticket
            wanted[centre.code, visit.checked_in_at.astimezone(centre.zone).date(), number] = visit.id
    await keep_numbers(work.session, wanted)


def _number(device: Device, entry: Entry) -> int | None:
    """The number of the ticket that the device gave, if it gave one. Raises `TicketNotOfDevice`."""
    if entry.ticket is None:
        return None
    area, _ = domain.main_and_others(entry.area, entry.other_areas)
    return number_given(entry.ticket, area, device.slots)


def _arrival(device: Device, entry: Entry, at: datetime, certain: bool, traceparent: str | None) -> visits.Arrival:
    """The check-in of an entry. Raises `TicketNotOfDevice`."""
    number = _number(device, entry)
    return replace(
        _at_once(device, entry),
        at=at,
        cause=Cause(uuid4(), traceparent=traceparent),  # a chain of its own, as if it had been sent at once
        offline=Offline(device.id, entry.seq, entry.at, certain, number),
    )


def _result(arrival: visits.Arrival, answer: Visit | Refused) -> Result:
    if isinstance(answer, Refused):
        return Result("refused", problem=answer)
    number = arrival.offline.number if arrival.offline is not None else None
    given = domain.ticket(answer.area, number) if number is not None else answer.ticket
    taken = TicketTaken(given=given, ticket=answer.ticket) if answer.ticket not in (given, None) else None
    return Result("accepted", answer, taken)


async def _replay_steps(
    work: Work, device: Device, visit: Visit, steps: Sequence[Step], error: timedelta
) -> Refused | None:
    """Apply the steps that were not sent before, up to the first one that is refused, which is returned.

    A visitor may have been called to any desk: its device may have another code or centre since, and they were served.

    What follows is left out, and so is what is sent later: a visitor whom another desk has called meanwhile is that
    desk's, and is neither called again nor finished nor recorded as gone by this one.
    """
    if steps and device.kind == DeviceKind.KIOSK:
        return KioskOnlyChecksIn()
    if steps and visit.device_steps == _NO_MORE:
        return domain.WrongStep(status=VisitStatus(visit.status), wanted=_LEADS_TO[steps[-1].step])
    for at_step, step in enumerate(steps[visit.device_steps :], visit.device_steps):
        known = (visit.checked_in_at, visit.called_at, visit.served_at, visit.ended_at)
        at, certain = step_time(step.at + error, max(one for one in known if one is not None), work.now)
        try:
            if step.step == "call":
                domain.check_desk(step.desk or "", (), f"steps.{at_step}.desk")
            _check_own(visit, step, steps[:at_step])
            await _apply(work, visit, step, at)
        except Refused as refusal:
            visit.device_steps = _NO_MORE
            return refusal
        visit.clock_uncertain = visit.clock_uncertain or not certain
    visit.device_steps = max(visit.device_steps, len(steps))
    return None


def _check_own(visit: Visit, step: Step, before: Sequence[Step]) -> None:
    """Raises `WrongStep` where another desk than that of this device has called the visitor."""
    status = VisitStatus(visit.status)
    own = next((one.desk for one in reversed(before) if one.step == "call"), None)
    if step.step != "call" and not domain.may_be_called_next(status) and visit.desk != own:
        raise domain.WrongStep(status=status, wanted=_LEADS_TO[step.step])


async def _apply(work: Work, visit: Visit, step: Step, at: datetime) -> None:
    """Raises `WrongStep`, `FromEarlierDay`."""
    match step.step:
        case "call":
            desk = step.desk or ""
            if not domain.may_be_called_next(VisitStatus(visit.status)) and visit.desk != desk:
                raise domain.WrongStep(status=VisitStatus(visit.status), wanted=VisitStatus.CALLED)
            await visits.call(work, visit.id, desk, at=at)
        case "serve":
            await visits.serve(work, visit.id, at=at)
        case "finish":
            await visits.finish(work, visit.id, at=at)
        case "leave":
            await visits.leave(work, visit.id, at=at)


def _close_earlier(work: Work, visit: Visit, centre: Centre) -> None:
    """Close a visit of an earlier day that is not ended, as its night would have done: the visitor is not here."""
    if VisitStatus(visit.status).in_the_room and not Day.of(centre, work.now).has(visit):
        close_unended(work, visit)
