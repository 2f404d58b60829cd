"""Plans' links in the navigation. In a module of its own: every process shows the links of all services."""

from services.chassis.refusals import msg
from services.chassis.service.definition import Link, Navigation
from services.contracts.roles import Role

NAV = Navigation(
    msg("Plans"),
    (
        Link(msg("Plans"), "/plans/", (Role.COUNSELLOR,)),
        Link(msg("My plan"), "/plans/mine", (Role.VISITOR,)),
        Link(msg("My plan"), "/plans/help/my-plan", help_for=Role.VISITOR),
        Link(msg("Career plan"), "/plans/mine/data", (Role.VISITOR,), own_data=True),
    ),
)
