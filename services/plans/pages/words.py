"""Labels and guiding questions of the pages, as English msgids."""

from services.chassis.refusals import msg
from services.contracts.plans import ActionStatus, Dimension
from services.contracts.scheduling import Method
from services.plans.domain import REASONS, Moment, Requirement, Responsible, Stage

QUESTIONS: dict[Dimension, tuple[str, ...]] = {
    Dimension.SKILLS: (
        msg("What do you do well – at work, at home or elsewhere?"),
        msg("What do others ask your help for?"),
        msg("What of it would you like to use more?"),
    ),
    Dimension.MOTIVATION: (
        msg("What makes you want to move now?"),
        msg("When did you last forget the time while doing something?"),
        msg("What would be different in a year if it worked out?"),
    ),
    Dimension.VALUES: (
        msg("What must be right for you to feel at ease at work?"),
        msg("What would you not give up for any job?"),
        msg("Whom or what do you want to be useful to?"),
    ),
    Dimension.INTERESTS: (
        msg("Which subjects, gestures or places attract you?"),
        msg("Which occupations have made you curious, even from afar?"),
        msg("What did you love doing as a child, and what is left of it?"),
    ),
    Dimension.OBSTACLES: (
        msg("What could make it harder: time, money, health, travel, language?"),
        msg("What has already helped you past an obstacle?"),
        msg("Who could support you?"),
    ),
    Dimension.INFORMATION: (
        msg("What did your visits, calls and readings teach you?"),
        msg("What surprised you?"),
        msg("What do you still need to know?"),
    ),
}


def _stage(stage: Stage) -> str:
    match stage:
        case Stage.OPEN:
            return msg("In progress")
        case Stage.READY:
            return msg("Ready to confirm")
        case Stage.CONFIRMED:
            return msg("Confirmed plans")
        case Stage.STOPPED:
            return msg("Not carried on")


STAGES = {stage: _stage(stage) for stage in Stage}

METHODS = {Method.INDIVIDUAL: msg("Individual path"), Method.COLLECTIVE: msg("Workshop path")}

REQUIREMENTS = {
    Requirement.INTERVIEWS: msg("Interviews held"),
    Requirement.WORKSHOP: msg("Workshop sessions"),
    Requirement.FINALISING: msg("Finalising session"),
    Requirement.DIMENSIONS: msg("The six dimensions"),
    Requirement.GOAL: msg("A goal"),
    Requirement.TRACK: msg("An action track"),
}

HINTS = {
    Requirement.INTERVIEWS: msg("The plan is confirmed after the second interview, not before."),
    Requirement.WORKSHOP: msg("The plan is confirmed once all sessions of the workshop are done …"),
    Requirement.FINALISING: msg("… and one individual session has brought everything together."),
    Requirement.DIMENSIONS: msg("A few words along each of the six are enough to begin."),
    Requirement.GOAL: msg("Where do you want to get? One sentence is enough."),
    Requirement.TRACK: msg("A way that leads to the goal, with what there is to do on it."),
}

MOMENTS = {
    Moment.IN: msg("during a session"),
    Moment.BETWEEN: msg("between two sessions"),
    Moment.AFTER: msg("after the sessions"),
}

RESPONSIBLES = {
    Responsible.VISITOR: msg("The person"),
    Responsible.COUNSELLOR: msg("The counsellor"),
    Responsible.PROVIDER: msg("The provider"),
}

AUTHORS = {"visitor": msg("The person"), "counsellor": msg("The counsellor")}

CHANGES = {
    "assessment": msg("Written along a dimension"),
    "information-step": msg("A step was planned"),
    "information-result": msg("A step has its result"),
    "reflection": msg("A thought was added"),
    "goal": msg("A goal was set"),
    "track": msg("A track was opened"),
    "action": msg("An action was planned"),
    "action-status": msg("An action moved on"),
    "confirmed": msg("The plan was confirmed"),
}

Step = tuple[ActionStatus, str, str]
"""A step on a button: the next status, its label (a msgid) and its icon."""


def _next_steps(status: ActionStatus) -> tuple[Step, ...]:
    match status:
        case ActionStatus.PLANNED:
            begin: Step = (ActionStatus.IN_PROGRESS, msg("Begin"), "half")
            return begin, (ActionStatus.DONE, msg("It is done"), "check")
        case ActionStatus.IN_PROGRESS:
            drop: Step = (ActionStatus.DROPPED, msg("Let it go"), "cross")
            return (ActionStatus.DONE, msg("It is done"), "check"), drop
        case ActionStatus.DONE:
            return ((ActionStatus.IN_PROGRESS, msg("Take it up again"), "undo"),)
        case ActionStatus.DROPPED:
            return ((ActionStatus.PLANNED, msg("Take it up again"), "undo"),)


NEXT_STEPS = {status: _next_steps(status) for status in ActionStatus}
"""The steps that may follow each status of an action."""

REASON_LABELS = dict(
    zip(
        REASONS,
        (
            msg("Training"),
            msg("Recognition of skills"),
            msg("Language course"),
            msg("Looking for a job"),
            msg("Starting a business"),
            msg("Work experience, a few days on the job"),
            msg("Social support"),
            msg("Something else"),
        ),
        strict=True,
    )
)

DECISIONS = {
    "no-places": msg("No places left"),
    "not-eligible": msg("Conditions not met"),
    "not-offered": msg("Not offered (any more)"),
    "not-reached": msg("The person was not reached"),
    "visitor-declined": msg("The person prefers not to"),
    "found-elsewhere": msg("Found elsewhere"),
    "entered-in-error": msg("Entered in error"),
    "other": msg("Something else"),
}
"""Labels of directory's reasons for which a referral was rejected or cancelled; an unknown code is shown as it is."""
