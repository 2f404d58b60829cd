"""The refusals of a plan's rules.

::

    Refused
    ├── PlanIsConfirmed            after confirmation only the progress of actions is recorded
    ├── SecondInterviewNotHeld     individual method: confirm after the second interview
    ├── WorkshopNotFinished        collective method: confirm after the workshop's sessions …
    ├── FinalisingSessionNotHeld   … and the one individual session that finalises the process
    ├── DimensionsMissing          a plan is based on all six dimensions
    ├── NoGoal, NoActionTrack      a plan has at least one of each
    ├── OnlyCounsellorRefers       (403) only the centre refers
    └── Invalid: UnknownReason, ServiceNotOffered, ServiceWithoutNeed, DueInPast
"""

from services.chassis.refusals import Invalid, NotAllowed, Refused, msg


class PlanIsConfirmed(Refused):
    """After the confirmation only the status of actions changes."""

    slug = "plan-is-confirmed"
    message = msg(
        "This plan was confirmed on {confirmed} and is no longer changed; "
        "the progress of its actions can still be noted."
    )


class SecondInterviewNotHeld(Refused):
    """Individual method: the second interview was not held."""

    slug = "second-interview-not-held"
    message = msg(
        "An individual plan is confirmed after interview {needed}; {held} held so far. Hold the next interview first."
    )


class WorkshopNotFinished(Refused):
    """Collective method: not all sessions of the workshop are recorded."""

    slug = "workshop-not-finished"
    message = msg(
        "A collective plan is confirmed after all sessions of its workshop; {done} of {total} recorded so far. "
        "Record the attendance of the last session first."
    )


class FinalisingSessionNotHeld(Refused):
    """Collective method: the individual finalising session was not held."""

    slug = "finalising-session-not-held"
    message = msg(
        "A collective plan is confirmed after its one individual session; {held} of {needed} held so far. "
        "Book and hold the finalising session first."
    )


class DimensionsMissing(Refused):
    """A career plan is based on all six dimensions."""

    slug = "dimensions-missing"
    message = msg(
        "A plan is based on six dimensions; {written} of {needed} have something written. Still empty: {missing}."
    )
    field_name = "assessment"


class NoGoal(Refused):
    """A plan has at least one goal."""

    slug = "no-goal"
    message = msg("A plan has at least {needed} goal; this one has {found}. Write down a goal first.")
    field_name = "goals"


class NoActionTrack(Refused):
    """A plan has at least one action track: the aim of guidance is to identify them."""

    slug = "no-action-track"
    message = msg("A plan has at least {needed} action track; this one has {found}. Open a track towards a goal first.")
    field_name = "tracks"


class OnlyCounsellorRefers(NotAllowed):
    """Only the centre refers a person to a provider."""

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
    """An action is not due before today."""

    slug = "due-in-past"
    message = msg("The action would be due on {due}, and today is {today}. Choose a day from today on.")
    field_name = "due_on"
