"""Impact's navigation links. A module of its own, because every process shows the links of all services."""

from services.chassis.refusals import msg
from services.chassis.service.definition import Card, Link, Navigation
from services.contracts.roles import Role

EXACT = Link(msg("Exact figures"), "/impact/exact", (Role.MANAGER,), region_wide=(Role.OPERATOR,), home_of=Role.MANAGER)
NAV = Navigation(
    msg("Results"),
    (
        Link(
            msg("Results"),
            "/impact/",
            card=Card(
                "flag",
                msg("The centres’ results"),
                msg("How many visits and interviews, by centre and period."),
            ),
        ),
        EXACT,
    ),
)
