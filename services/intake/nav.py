"""Intake's navigation links. A module of its own, because every process shows the links of all services."""

from services.chassis.refusals import msg
from services.chassis.service.definition import Link, Navigation
from services.contracts.roles import Role

NAV = Navigation(
    msg("Front desk"),
    (
        Link(msg("Front desk"), "/intake/", (Role.FRONT_DESK, Role.COUNSELLOR), home_of=Role.FRONT_DESK),
        Link(msg("Persons"), "/intake/people", (Role.FRONT_DESK,)),
        Link(msg("Data to be deleted"), "/intake/retention", (Role.FRONT_DESK, Role.COUNSELLOR, Role.MANAGER)),
        Link(msg("Day at the desk"), "/intake/day", (Role.MANAGER,)),
        Link(msg("Waiting times"), "/intake/waiting-times", (Role.MANAGER,)),
        Link(msg("Devices"), "/intake/devices", (Role.MANAGER,)),
        Link(msg("Texts of messages"), "/intake/message-texts", (Role.MANAGER,)),
        Link(msg("Messages to visitors"), "/intake/mail", (), (Role.OPERATOR,)),
        Link(msg("Deletions"), "/intake/erasures", (Role.MANAGER,), (Role.OPERATOR,)),
        Link(msg("My page"), "/intake/mine", (Role.VISITOR,), home_of=Role.VISITOR),
        Link(msg("Front desk"), "/intake/help/front-desk", help_for=Role.FRONT_DESK),
        Link(msg("Close my plan"), "/intake/mine/close", signs="closes"),
        Link(msg("My data"), "/intake/mine/data", (Role.VISITOR,)),
        Link(msg("Exports of personal data"), "/intake/exports", (), (Role.MANAGER, Role.OPERATOR)),
        Link(msg("Opened persons"), "/intake/accesses", (), (Role.MANAGER, Role.OPERATOR)),
        Link(msg("Registration, consents and visits"), "/intake/mine/data", (Role.VISITOR,), own_data=True),
    ),
    scripts=("offline_store.js",),
)
