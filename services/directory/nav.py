"""The directory's links in the navigation. In a module of its own: every process shows the links of all services."""

from services.chassis.refusals import msg
from services.chassis.service.definition import Card, Link, Navigation
from services.contracts.roles import Role

NAV = Navigation(
    msg("Directory"),
    (
        Link(
            msg("Our centres"),
            "/directory/centres",
            card=Card("pin", msg("Come to a centre"), msg("See where they are and when they are open.")),
        ),
        Link(
            msg("Directory"),
            "/directory/",
            card=Card("search", msg("Find training or support"), msg("Training, advice and support near you.")),
        ),
        Link(msg("Referrals"), "/directory/referrals", (Role.COUNSELLOR,)),
        Link(msg("Received referrals"), "/directory/inbox", (Role.PROVIDER,), home_of=Role.PROVIDER),
        Link(msg("Our entry"), "/directory/entry", (Role.PROVIDER,)),
        Link(msg("Our team"), "/directory/entry/people", (Role.PROVIDER,)),
        Link(msg("Referral feed"), "/directory/referral-events", (Role.CITE,), (Role.MANAGER,), home_of=Role.CITE),
        Link(msg("Accounts"), "/directory/accounts", (Role.MANAGER,)),
        Link(msg("Tokens"), "/directory/tokens", (Role.MANAGER,)),
        Link(msg("Sign in"), "/directory/sign-in", signs="in"),
        Link(msg("Sign out"), "/directory/sign-out", signs="out"),
        Link(msg("Messages by e-mail"), "/directory/mail", (), (Role.OPERATOR,)),
        Link(msg("Referrals to providers"), "/directory/mine/data", (Role.VISITOR,), own_data=True),
    ),
)
