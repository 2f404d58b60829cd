"""Scheduling's navigation links. A module of its own, because every process shows the links of all services."""

from services.chassis.refusals import msg
from services.chassis.service.definition import Card, Link, Navigation
from services.contracts.roles import Role

NAV = Navigation(
    msg("Appointments"),
    (
        Link(
            msg("Book a first interview"),
            "/scheduling/book",
            for_public=True,
            card=Card(
                "calendar",
                msg("Book a first interview"),
                msg("Choose a time with a counsellor. You can also just come."),
            ),
        ),
        Link(msg("To do"), "/scheduling/to-do", (Role.COUNSELLOR,), home_of=Role.COUNSELLOR),
        Link(msg("Queue"), "/scheduling/", (Role.COUNSELLOR,)),
        Link(msg("Calendar"), "/scheduling/agenda", (Role.COUNSELLOR,)),
        Link(msg("Free times"), "/scheduling/free-times", (Role.COUNSELLOR, Role.FRONT_DESK)),
        Link(msg("Workshops"), "/scheduling/workshops", (Role.COUNSELLOR,)),
        Link(msg("Final interviews"), "/scheduling/final-interviews", (Role.COUNSELLOR,)),
        Link(msg("Working hours"), "/scheduling/counsellors", (Role.COUNSELLOR, Role.MANAGER)),
        Link(msg("Rooms"), "/scheduling/rooms", (Role.MANAGER,)),
        Link(msg("Booking rules"), "/scheduling/rules", (Role.MANAGER,)),
        Link(msg("Demand and load"), "/scheduling/demand", (Role.COUNSELLOR, Role.MANAGER)),
        Link(msg("Appointments and workshops"), "/scheduling/mine/data", (Role.VISITOR,), own_data=True),
    ),
)
