"""The rules of the queue: who is called before whom, and how a visit leaves its turn and keeps its place."""

from collections.abc import Mapping
from enum import StrEnum

from services.chassis.copies.visits import RANK
from services.chassis.refusals import Invalid, Refused, msg, with_words
from services.contracts.intake import VisitStatus
from services.contracts.queue import BY_MISTAKE
from services.intake.domain.rules import WrongStep, is_expected_at_desk


class Priority(StrEnum):
    """Why a visitor is called before the others. In part health data: in no event, deleted when the visit ends."""

    APPOINTMENT = "appointment"
    REDUCED_MOBILITY = "reduced-mobility"
    PREGNANCY = "pregnancy"
    SMALL_CHILD = "small-child"


PRIORITIES = {
    Priority.APPOINTMENT.value: msg("Appointment"),
    Priority.REDUCED_MOBILITY.value: msg("Reduced mobility"),
    Priority.PREGNANCY.value: msg("Pregnancy"),
    Priority.SMALL_CHILD.value: msg("Small child"),
}
with_words(PRIORITIES)


class DeskNotChosen(Refused):
    """A browser calls the next visitor, at a centre with several desks, and is at none of them."""

    slug = "desk-not-chosen"
    message = msg("Choose your desk first: the person is called to it.")
    field_name = "desk"


class InAnInterview(Refused):
    """A counsellor holds an interview with the visitor: only the interview's end changes the visit."""

    slug = "in-an-interview"
    message = msg("This person is in an interview. Wait until it has ended, or undo it.")
    field_name = "visit_id"


class NotOfTheCentre(Invalid):
    """A visitor is transferred to a need, a desk or a counsellor that the centre does not have.

    `choices`: those that it has, as people read them.
    """

    slug = "not-of-this-centre"
    message = msg("This choice is not in the list of this centre. Choose from the list.")


class CalledMeanwhile(Refused):
    """Another desk called the visitor after the page was shown."""

    slug = "called-meanwhile"
    message = msg("{ticket} has just been called to desk {desk}. Choose another person.")
    field_name = "version"


class DayNotJustClosed(Refused):
    """The closing of a day is taken back too late."""

    slug = "day-not-just-closed"
    message = msg(
        "A day is reopened within 30 minutes of its closing. Put the people back one by one, if they are here."
    )
    field_name = "closed_at"


class NothingToTransfer(Refused):
    """The visitor already waits for what the transfer names."""

    slug = "nothing-to-transfer"
    message = msg("Nothing has been changed. Choose another need, desk or counsellor to transfer the person.")


def order(priority: Priority | None) -> int:
    """The rank in the queue: who has priority first. Within a rank the first to come is the first to be called.

    The store orders by the same: `chassis.copies.visits.place`.
    """
    return RANK if priority is None else RANK - 1


def check_may_wait(status: VisitStatus) -> None:
    """A visit goes (back) into the queue, on hold or transferred, until its service has ended. Raises `WrongStep`."""
    match status:
        case VisitStatus.WAITING | VisitStatus.CALLED | VisitStatus.BEING_SERVED:
            pass
        case VisitStatus.SERVED | VisitStatus.LEFT | VisitStatus.NO_QUEUE:
            raise WrongStep(status=status, wanted=VisitStatus.WAITING)


def check_waits(status: VisitStatus) -> None:
    """Only who waits or was called has priority over others. Raises `WrongStep`."""
    match status:
        case VisitStatus.WAITING | VisitStatus.CALLED:
            pass
        case VisitStatus.BEING_SERVED | VisitStatus.SERVED | VisitStatus.LEFT | VisitStatus.NO_QUEUE:
            raise WrongStep(status=status, wanted=VisitStatus.WAITING)


def may_return(status: VisitStatus, *, held: bool, closed_by: str | None, just_ended: bool) -> bool:
    """Whether the visitor may come back to their place: from hold, after a departure or, if `just_ended`, after an end.

    Both were recorded by mistake. A visit that was itself recorded by mistake has no visitor.
    """
    match status:
        case VisitStatus.WAITING:
            return held
        case VisitStatus.LEFT:
            return closed_by != BY_MISTAKE
        case VisitStatus.SERVED:
            return just_ended and closed_by != BY_MISTAKE
        case VisitStatus.CALLED | VisitStatus.BEING_SERVED | VisitStatus.NO_QUEUE:
            return False


def check_may_return(status: VisitStatus, *, held: bool, closed_by: str | None, just_ended: bool) -> None:
    """Raises `WrongStep` unless `may_return`."""
    if not may_return(status, held=held, closed_by=closed_by, just_ended=just_ended):
        raise WrongStep(status=status, wanted=VisitStatus.WAITING)


def check_not_called(status: VisitStatus, ticket: str | None, desk: str | None, *, wanted: str) -> None:
    """No other desk has called the visitor meanwhile. The refusal says which. Raises `CalledMeanwhile`."""
    if is_expected_at_desk(status) and desk is not None and desk != wanted:
        raise CalledMeanwhile(ticket=ticket or "–", desk=desk.removeprefix("desk-"))


def check_chosen(value: str | None, known: Mapping[str, str], field: str) -> None:
    """A need, a desk or a counsellor is one of the centre's; where none is known, any. Raises `NotOfTheCentre`.

    `known`: how people read each code.
    """
    if value is not None and known and value not in known:
        raise NotOfTheCentre(about=field, known=list(known), choices=list(known.values()))
