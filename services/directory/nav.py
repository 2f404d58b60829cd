"""Where it is found in the navigation of every page; apart, because every process shows the links of all services."""

from services.chassis.refusals import msg
from services.chassis.service.definition import Link
from services.contracts.roles import Role

NAV = (
    Link(msg("Directory"), "/directory/"),
    Link(msg("Referrals"), "/directory/referrals", (Role.COUNSELLOR,)),
    Link(msg("Inbox"), "/directory/inbox", (Role.PROVIDER,)),
    Link(msg("Our entry"), "/directory/entry", (Role.PROVIDER,)),
    Link(msg("Referral events"), "/directory/referral-events", (Role.CITE, Role.MANAGER)),
)
