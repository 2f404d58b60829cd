"""Use cases: people ask (writing, directions), events tell (paths, copies, subjects)."""

from services.plans.actions.access import PLAN, acts_as, reach
from services.plans.actions.copies import copy_provider, follow_referral, move_referral
from services.plans.actions.directions import Intention, confirm, open_track, plan_action, progress_action, set_goal
from services.plans.actions.erasure import erase_subject
from services.plans.actions.paths import (
    announce_workshop,
    count_interview,
    finalising_due,
    open_path,
    record_attendance,
    stop_path,
    take_seat,
)
from services.plans.actions.writing import (
    add_reflection,
    conclude_information_step,
    plan_information_step,
    write_assessment,
)

__all__ = [
    "PLAN",
    "Intention",
    "acts_as",
    "add_reflection",
    "announce_workshop",
    "conclude_information_step",
    "confirm",
    "copy_provider",
    "count_interview",
    "erase_subject",
    "finalising_due",
    "follow_referral",
    "move_referral",
    "open_path",
    "open_track",
    "plan_action",
    "plan_information_step",
    "progress_action",
    "reach",
    "record_attendance",
    "set_goal",
    "stop_path",
    "take_seat",
    "write_assessment",
]
