"""The use cases: of requests (writing, directions) and of incoming events (paths, copies, consent, erasure)."""

from services.plans.actions.access import accessible, role_in
from services.plans.actions.copies import copy_provider, copy_referral, update_referral
from services.plans.actions.directions import NewAction, confirm, open_track, plan_action, progress_action, set_goal
from services.plans.actions.erasure import erase_subject
from services.plans.actions.paths import (
    announce_workshop,
    count_interview,
    mark_finalising_due,
    open_path,
    record_attendance,
    reopen_path,
    stop_path,
    take_seat,
    uncount_interview,
    withdraw_finalising,
)
from services.plans.actions.writing import (
    add_reflection,
    conclude_information_step,
    plan_information_step,
    write_assessment,
)

__all__ = [
    "NewAction",
    "accessible",
    "add_reflection",
    "announce_workshop",
    "conclude_information_step",
    "confirm",
    "copy_provider",
    "copy_referral",
    "count_interview",
    "erase_subject",
    "mark_finalising_due",
    "open_path",
    "open_track",
    "plan_action",
    "plan_information_step",
    "progress_action",
    "record_attendance",
    "reopen_path",
    "role_in",
    "set_goal",
    "stop_path",
    "take_seat",
    "uncount_interview",
    "update_referral",
    "withdraw_finalising",
    "write_assessment",
]
