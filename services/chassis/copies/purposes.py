"""The purposes of consent as people read them."""

from services.chassis.refusals import msg
from services.contracts.consent import Purpose

PURPOSE_TITLES = {
    Purpose.GUIDANCE: msg("Appointments and workshops"),
    Purpose.PLAN: msg("Career plan"),
    Purpose.REMINDERS: msg("Reminders"),
    Purpose.REFERRAL: msg("Referrals to providers"),
}
