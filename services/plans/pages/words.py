"""Labels and guiding questions of the pages, as English msgids."""

from services.chassis.refusals import msg, with_own_words, with_words
from services.contracts.plans import ActionStatus, Dimension
from services.contracts.scheduling import Method
from services.plans.domain import DIMENSION_LABELS, REASONS, Moment, Requirement, Responsible, Stage

QUESTIONS: dict[Dimension, tuple[str, ...]] = {
    Dimension.SKILLS: (
        msg("What are you good at: at work, at home or elsewhere?"),
        msg("What do others ask you to help with?"),
        msg("What would you like to do more often?"),
    ),
    Dimension.MOTIVATION: (
        msg("Why do you want a change now?"),
        msg("Which activity makes you forget the time?"),
        msg("What do you want to be different in a year?"),
    ),
    Dimension.VALUES: (
        msg("What do you need to feel good at work?"),
        msg("What matters most to you in a job?"),
        msg("Who do you want to be useful to?"),
    ),
    Dimension.INTERESTS: (
        msg("What do you like doing, and where?"),
        msg("Which jobs interest you?"),
        msg("What did you like doing as a child? And now?"),
    ),
    Dimension.OBSTACLES: (
        msg("What could be difficult: time, money, health, travel, language?"),
        msg("What helps you when things are hard?"),
        msg("Who can help you?"),
    ),
    Dimension.INFORMATION: (
        msg("What have you learned: from visits, calls or reading?"),
        msg("What surprised you?"),
        msg("What do you still want to know?"),
    ),
}


def _stage(stage: Stage) -> str:
    match stage:
        case Stage.OPEN:
            return msg("In progress")
        case Stage.READY:
            return msg("Ready to confirm")
        case Stage.CONFIRMED:
            return msg("Confirmed")
        case Stage.STOPPED:
            return msg("Stopped")


STAGES = {stage: _stage(stage) for stage in Stage}

METHODS = {Method.INDIVIDUAL: msg("Individual path"), Method.COLLECTIVE: msg("Group path")}

REQUIREMENTS = {
    Requirement.INTERVIEWS: msg("Interviews"),
    Requirement.WORKSHOP: msg("Workshop sessions"),
    Requirement.FINALISING: msg("Final interview"),
    Requirement.DIMENSIONS: msg("The six themes"),
    Requirement.GOAL: msg("A goal"),
    Requirement.TRACK: msg("A way to the goal"),
}

HINTS = {
    Requirement.INTERVIEWS: msg("The plan can be confirmed after the second interview."),
    Requirement.WORKSHOP: msg("First the whole workshop, then the final interview."),
    Requirement.FINALISING: msg("The final interview is still to come."),
    Requirement.DIMENSIONS: msg("A few words on each theme are enough."),
    Requirement.GOAL: msg("What is your goal? One sentence is enough."),
    Requirement.TRACK: msg("How can you reach your goal? Add a way."),
}

MOMENTS = {
    Moment.IN: msg("during an interview or a workshop"),
    Moment.BETWEEN: msg("between two appointments"),
    Moment.AFTER: msg("after the last appointment"),
}

RESPONSIBLES = {
    Responsible.VISITOR: msg("The person"),
    Responsible.COUNSELLOR: msg("Counsellor"),
    Responsible.PROVIDER: msg("Provider"),
}
with_words(MOMENTS)
with_words(RESPONSIBLES)
with_words(DIMENSION_LABELS)
with_own_words(Stage)

AUTHORS = {"visitor": msg("The person"), "counsellor": msg("Counsellor")}

CHANGES = {
    "assessment": msg("Text changed"),
    "information-step": msg("Step added"),
    "information-result": msg("Result noted"),
    "reflection": msg("Note added"),
    "goal": msg("Goal added"),
    "track": msg("Way added"),
    "action": msg("Action added"),
    "action-status": msg("Action updated"),
    "confirmed": msg("Plan confirmed"),
}

Step = tuple[ActionStatus, str, str]
"""A step on a button: the next status, its label (a msgid) and its icon."""


def _next_steps(status: ActionStatus) -> tuple[Step, ...]:
    match status:
        case ActionStatus.PLANNED:
            begin: Step = (ActionStatus.IN_PROGRESS, msg("Begin"), "half")
            return begin, (ActionStatus.DONE, msg("Mark as done"), "check")
        case ActionStatus.IN_PROGRESS:
            drop: Step = (ActionStatus.DROPPED, msg("Drop"), "cross")
            return (ActionStatus.DONE, msg("Mark as done"), "check"), drop
        case ActionStatus.DONE:
            return ((ActionStatus.IN_PROGRESS, msg("Resume"), "undo"),)
        case ActionStatus.DROPPED:
            return ((ActionStatus.PLANNED, msg("Resume"), "undo"),)


NEXT_STEPS = {status: _next_steps(status) for status in ActionStatus}
"""The steps that may follow each status of an action."""

REASON_LABELS = dict(
    zip(
        REASONS,
        (
            msg("Training"),
            msg("Recognition of skills"),
            msg("Language course"),
            msg("Job search"),
            msg("Starting a business"),
            msg("Work placement, a few days on the job"),
            msg("Social support"),
            msg("Other reason"),
        ),
        strict=True,
    )
)
with_words(REASON_LABELS)

DECISIONS = {
    "no-places": msg("No places left"),
    "not-eligible": msg("Conditions not met"),
    "not-offered": msg("Not offered"),
    "not-reached": msg("The person could not be reached"),
    "visitor-declined": msg("The person does not want this"),
    "found-elsewhere": msg("Another solution was found"),
    "entered-in-error": msg("Sent by mistake"),
    "withdrawn": msg("The person withdrew consent"),
    "other": msg("Other reason"),
}
"""Labels of directory's reasons for which a referral was rejected or cancelled; an unknown code is "other"."""
