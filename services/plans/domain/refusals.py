"""The refusals of a plan's rules.

::

    Refused
    ├── PlanIsConfirmed            after confirmation only the progress of actions is recorded
    ├── SecondInterviewNotHeld     individual method: confirm after the second interview
    ├── WorkshopNotFinished        collective method: confirm after the workshop's sessions …
    ├── FinalisingSessionNotHeld   … and the one individual session that finalises the process
    ├── DimensionsMissing          a plan is based on all six dimensions
    ├── NoGoal, NoActionTrack      a plan has at least one of each
    ├── PlanClosed                 (403) the centre, without the person's consent to the plan
    ├── ReadOnly                   the person, without their own consent to the plan
    ├── OnlyCounsellorRefers       (403) only the centre refers
    ├── PlanNotFound               (404) there is no such plan, or the person may not see it
    └── Invalid: UnknownReason, ServiceNotOffered, ServiceWithoutNeed, DueInPast,
                 DueTooFarAhead
"""

from services.chassis.refusals import Invalid, NotAllowed, NotFound, Refused, msg


class PlanNotFound(NotFound):
    """There is no such plan, it was erased, or it belongs to another person or centre."""

    slug = "plan-not-found"
    message = msg("This plan does not exist, was deleted, or is not for you. Check the link, or ask at the front desk.")


class PlanClosed(NotAllowed):
    """The person does not consent to the plan: it is closed to the centre."""

    slug = "plan-closed"
    message = msg(
        "The person has withdrawn their consent for the career plan. "
        "Ask them whether they want to give it again. It is recorded at the front desk."
    )


class ReadOnly(Refused):
    """The person withdrew their consent to the plan: they read it, and write no more."""

    slug = "plan-read-only"
    message = msg(
        "You have withdrawn your consent for the plan. You can still read it. "
        "To write again, first give your consent on the page “My page”."
    )


class PlanIsConfirmed(Refused):
    """After the confirmation only the status of actions changes."""

    slug = "plan-is-confirmed"
    message = msg("This plan is confirmed. The texts no longer change. You can still note the progress of the actions.")


class SecondInterviewNotHeld(Refused):
    """Individual method: the second interview was not held."""

    slug = "second-interview-not-held"
    message = msg("Interviews held: {held} of {needed}. Hold the next interview first.")


class WorkshopNotFinished(Refused):
    """Collective method: not all sessions of the workshop are recorded."""

    slug = "workshop-not-finished"
    message = msg("Sessions recorded: {done}. Record the attendance of the other sessions first.")


class FinalisingSessionNotHeld(Refused):
    """Collective method: the individual finalising session was not held."""

    slug = "finalising-session-not-held"
    message = msg("The final interview has not taken place yet. Hold it first, then confirm the plan.")


class DimensionsMissing(Refused):
    """A career plan is based on all six dimensions."""

    slug = "dimensions-missing"
    message = msg("Themes filled in: {written} of {needed}. Write a few words on: {missing}.")
    field_name = "assessment"


class NoGoal(Refused):
    """A plan has at least one goal."""

    slug = "no-goal"
    message = msg("A goal is missing. Add one.")
    field_name = "goals"


class NoActionTrack(Refused):
    """A plan has at least one action track: the aim of guidance is to identify them."""

    slug = "no-action-track"
    message = msg("A way to the goal is missing. Add one.")
    field_name = "tracks"


class OnlyCounsellorRefers(NotAllowed):
    """Only the centre refers a person to a provider."""

    slug = "only-counsellor-refers"
    message = msg(
        "The centre sends referrals. Write down the action without a provider. Talk about it at the next interview."
    )
    field_name = "needs_provider"


class UnknownReason(Invalid):
    """The reason is not on the list, or missing for a referral."""

    slug = "unknown-reason"
    message = msg("Choose a reason from the list.")
    field_name = "reason"


class ServiceNotOffered(Invalid):
    """No provider publishes this service as active."""

    slug = "service-not-offered"
    message = msg("This service is not offered at the moment. Choose another service, or none.")
    field_name = "service_id"


class ServiceWithoutNeed(Invalid):
    """A service was chosen for an action that needs no provider."""

    slug = "service-without-need"
    message = msg(
        "You chose a service without ticking the box “Refer the person to a provider”. "
        "Tick the box, or remove the service."
    )
    field_name = "service_id"


class DueInPast(Invalid):
    """An action is not due before today."""

    slug = "due-in-past"
    message = msg("This date is in the past. Choose today or a later day.")
    field_name = "due_on"


class DueTooFarAhead(Invalid):
    """No day of a plan is years ahead."""

    slug = "due-too-far-ahead"
    message = msg("This date is too far ahead. The last possible day: {until}. Choose an earlier date.")
    field_name = "due_on"
