"""The rules of a plan, and what they are called when they say no.

::

    Refused
    ├── PlanIsConfirmed            after confirmation only the progress of actions is recorded
    ├── SecondInterviewNotHeld     individual method: confirm after the second interview
    ├── WorkshopNotFinished        collective method: confirm after the workshop's sessions …
    ├── FinalisingSessionNotHeld   … and the one individual session that finalises the process
    ├── DimensionsMissing          a plan is based on all six dimensions
    ├── NoGoal, NoActionTrack      a plan leads somewhere
    ├── OnlyCounsellorRefers       (403) a referral is sent by the centre
    └── Invalid: UnknownReason, ServiceNotOffered, ServiceWithoutNeed, DueInPast
"""

from services.chassis.i18n import translate
from services.chassis.refusals import Invalid, NotAllowed, Refused, msg


class Names(tuple[str, ...]):
    """Several msgids inside one message: each is translated when the message is shown."""

    def __format__(self, spec: str) -> str:
        return ", ".join(translate(name) for name in self)


class PlanIsConfirmed(Refused):
    """Changes nothing after the confirmation but the progress of actions."""

    slug = "plan-is-confirmed"
    message = msg(
        "This plan was confirmed on {confirmed} and is no longer changed; "
        "the progress of its actions can still be noted."
    )


class SecondInterviewNotHeld(Refused):
    """Individual method."""

    slug = "second-interview-not-held"
    message = msg(
        "An individual plan is confirmed after interview {needed}; {held} held so far. Hold the next interview first."
    )


class WorkshopNotFinished(Refused):
    """Collective method, first half."""

    slug = "workshop-not-finished"
    message = msg(
        "A collective plan is confirmed after all sessions of its workshop; {done} of {total} recorded so far. "
        "Record the attendance of the last session first."
    )


class FinalisingSessionNotHeld(Refused):
    """Collective method, second half."""

    slug = "finalising-session-not-held"
    message = msg(
        "A collective plan is confirmed after its one individual session; {held} of {needed} held so far. "
        "Book and hold the finalising session first."
    )


class DimensionsMissing(Refused):
    """A career plan is based on six things."""

    slug = "dimensions-missing"
    message = msg(
        "A plan is based on six dimensions; {written} of {needed} have something written. Still empty: {missing}."
    )
    field_name = "assessment"


class NoGoal(Refused):
    """A plan leads somewhere."""

    slug = "no-goal"
    message = msg("A plan has at least {needed} goal; this one has {found}. Write down a goal first.")
    field_name = "goals"


class NoActionTrack(Refused):
    """The aim of guidance: to identify action tracks."""

    slug = "no-action-track"
    message = msg("A plan has at least {needed} action track; this one has {found}. Open a track towards a goal first.")
    field_name = "tracks"


class OnlyCounsellorRefers(NotAllowed):
    """A referral is sent by the centre."""

    slug = "only-counsellor-refers"
    message = msg("A counsellor sends people to a provider. Note the action without one, or ask your counsellor.")
    field_name = "needs_provider"


class UnknownReason(Invalid):
    """The reason is not on the list, or missing for a referral."""

    slug = "unknown-reason"
    message = msg("A referral needs one of these reasons: {known}; not {reason}.")
    field_name = "reason"


class ServiceNotOffered(Invalid):
    """No provider publishes this service as active."""

    slug = "service-not-offered"
    message = msg("No provider offers the service {service} at present. Choose another, or leave it open.")
    field_name = "service_id"


class ServiceWithoutNeed(Invalid):
    """A service was chosen for an action that needs no provider."""

    slug = "service-without-need"
    message = msg("A service ({service}) was chosen, but the action needs no provider. Tick the box, or take it out.")
    field_name = "service_id"


class DueInPast(Invalid):
    """An action lies ahead."""

    slug = "due-in-past"
    message = msg("The action would be due on {due}, and today is {today}. Choose a day from today on.")
    field_name = "due_on"
