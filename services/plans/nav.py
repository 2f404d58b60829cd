"""Where it is found in the navigation of every page; apart, because every process shows the links of all services."""

from services.chassis.errors import msg
from services.chassis.identity import Role
from services.chassis.service import Link

NAV = (
    Link(msg("Plans"), "/plans/", (Role.COUNSELLOR,)),
    Link(msg("My plan"), "/plans/mine", (Role.VISITOR,)),
)
