"""A platform with a morning behind it, so that every page has something to show."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import sqlalchemy as sa
from playwright.async_api import Page

from services.chassis.events.dead_letters import dead_letter_row
from services.chassis.events.sealing import RecordSealer
from services.chassis.identity.people import Claim, Person, visitor
from services.chassis.identity.tokens import Signer
from services.chassis.runtime.settings import Settings
from services.chassis.storage.store import Store
from services.chassis.storage.tables import DeadLetterState, dead_letters_table
from services.chassis.web.cookies import cookie_name
from services.contracts.accounts import AccountKind
from services.contracts.cloudevents import Record
from services.contracts.intake import DeskCheckIn
from services.contracts.roles import Role
from services.directory.actions import accounts
from services.directory.app import SERVICE as DIRECTORY
from services.directory.claims import ORGANIZATION
from services.directory.demo import organization_id
from services.impact.app import SERVICE as IMPACT
from services.impact.domain import Measure
from services.impact.store import ExactRead
from services.intake.actions.letters import stop_address
from services.intake.actions.presence import presence_address
from services.intake.app import SERVICE as INTAKE
from services.intake.store import Export
from services.launcher import demo
from services.scheduling.claims import STAFF_CODE
from tests.browser.booked_online import begins_soon, booked_online
from tests.givens.accounts import REGION as MANAGER
from tests.givens.accounts import REGION_BY as MANAGER_BY
from tests.givens.accounts import account_waits, account_works, rights, signs_in
from tests.givens.impact import Cells, count, publish_now
from tests.givens.intake import people_leave
from tests.journeys.adult import IFAPME_SERVICE, Centre, by_link, ok
from tests.journeys.stacks import Stack, embedded, eventually


@dataclass
class Morning:
    """A running platform, what is there by name, and the keys to it."""

    stack: Stack
    lasting: dict[str, str]
    signer: Signer
    people: dict[str, Person]

    @property
    def made(self) -> dict[str, str]:
        """What is there by name, and the address that a workshop's screen shows now."""
        return self.lasting | {"here": presence_address(self.signer, "", UUID(self.lasting["session"]))}

    async def enters(self, page: Page, who: str, lang: str = "fr") -> None:
        """This person has signed in on this screen, in this language; "" is anybody."""
        context, url = page.context, self.stack.url
        await context.add_cookies([{"name": "cefo-lang", "value": lang, "url": url}])
        if who:
            name, session = cookie_name(Settings(), "session"), self.signer.session(self.people[who])
            await context.add_cookies([{"name": name, "value": session, "url": url}])


MACHINE = "machine/operator/root/0212581f-3c0c-4a55-9b57-6f2f3e0d7c11"
"""A `Person.subject` of a token that was made with the platform's key."""


@contextmanager
def morning(folder: Path) -> Generator[Morning]:
    """The embedded stack."""
    with embedded(folder) as stack:
        made = lived(stack)
        signer = Signer((folder / "secret.key").read_text(), 12)
        newcomer = visitor(uuid4())
        provider = Person(
            subject="demo/new-provider",
            name="new-provider",
            roles=frozenset({Role.PROVIDER}),
            claims=frozenset({Claim(ORGANIZATION, str(uuid4()))}),
        )
        kiosk = Person(subject="demo/kiosk", name="kiosk", roles=frozenset({Role.KIOSK}), centres=frozenset({"liege"}))
        people = {
            **{key: account.person for key, account in demo.ACCOUNTS.items()},
            "visitor": visitor(UUID(made["person"])),
            "newcomer": newcomer,
            "guided": visitor(UUID(made["merged"])),
            "kiosk": kiosk,
            "new-provider": provider,
            "two-centres": staff("two-centres", {"liege", "namur"}),
            "local-manager": Person(
                subject="demo/local-manager",
                name="local-manager",
                roles=frozenset({Role.MANAGER}),
                centres=frozenset({"liege"}),
            ),
            "no-centre": staff("no-centre", set()),
        }
        stop = stop_address(signer, "", UUID(made["person"]))
        now = datetime.fromisoformat(made["now"])
        more = {"nothing": str(uuid4()), "stop": stop} | booked_online(stack, signer, now)
        more |= {"session": asyncio.run(begins_soon(stack, UUID(made["announced"]), now))}
        yield Morning(stack, made | more, signer, people)


def staff(name: str, centres: set[str]) -> Person:
    """A counsellor of these centres."""
    return Person(
        subject=f"demo/{name}",
        name=name,
        roles=frozenset({Role.COUNSELLOR}),
        centres=frozenset(centres),
        claims=frozenset({Claim(STAFF_CODE, f"{name}-c01")}),
    )


def lived(stack: Stack) -> dict[str, str]:
    """Two days of the centre of Liège. Returns what was made, by kind."""
    liege = Centre(stack)
    liege.has_rooms()
    first = liege.next_working_day()
    liege.until(first.replace(hour=9, minute=1))
    purposes = ["guidance", "plan", "reminders", "referral"]
    reached: list[dict[str, Any]] = [
        {"contact": f"personne-{nth}@example.org", "purposes": purposes} for nth in range(6)
    ]
    reached[3]["family_name"] = "Démonstration Vanden Kerckhove"
    known = [liege.agrees_to_be_known(liege.walks_in("choose-path"), **one) for one in reached]
    ada, ben, eve, zoe, ian, noa = (one["subject_ref"] for one in known)
    asyncio.run(people_leave(Settings(data=stack.data).store_url("intake"), soon=UUID(eve), gone=UUID(ian)))
    ok(liege.counsellor.post(f"/intake/api/v1/visitors/{noa}/merge", json={"kept": zoe}))
    at_home, fresh = (urlsplit(str(one["link"])).path for one in known[:2])
    by_link(stack, at_home)
    whole = a_whole_plan(liege, zoe)
    path = a_path(liege, ada)
    held = liege.interview(path)
    plan = liege.plan_of(ada)
    liege.build_plan(plan, liege.counsellor)
    directed_later = {"track_id": track_of(liege, plan), "title": "Chercher un stage", "needs_provider": True}
    made(liege, f"/plans/api/v1/plans/{plan}/actions", **directed_later, reason="work-experience")
    second = liege.next_working_day()
    workshop = a_workshop(liege, second, seats=1)
    for person in (ben, eve):
        made(liege, f"/scheduling/api/v1/workshops/{workshop}/seats", subject_ref=person, waitlist=True)
    booked = made(
        liege,
        "/scheduling/api/v1/interviews",
        path_id=path,
        starts_at=(second + timedelta(hours=5)).isoformat(),
        minutes=60,
        room="liege-r1",
        sooner=True,
    )
    later = made(
        liege,
        "/scheduling/api/v1/interviews",
        path_id=path,
        starts_at=(second + timedelta(days=7, hours=5)).isoformat(),
        minutes=60,
    )
    hours = "/scheduling/api/v1/counsellors/liege-c01"
    row = {"starts_on": "2026-01-05", "begins": "08:00", "ends": "18:00"}
    saturday = {"rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=SA;UNTIL=20271231", "except_on": ["2026-05-02", "2026-05-16"]}
    rows = [row | {"rrule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"}, row | saturday]
    mornings = {"weekdays": ["MO", "WE"], "spans": [{"begins": "08:00", "ends": "12:00"}]}
    changes: list[dict[str, Any]] = [
        {"first": "2027-07-05", "last": "2027-08-20", **mornings},
        {"first": "2027-12-27", "last": "2027-12-31", "spans": []},
    ]
    ok(liege.counsellor.put(f"{hours}/hours/liege", json={"rows": rows, "changes": changes}))
    away = {"starts_at": second + timedelta(days=7), "ends_at": second + timedelta(days=8)}
    made(liege, hours + "/absences", **{name: at.replace(hour=0, minute=0).isoformat() for name, at in away.items()})
    own_workshop = a_workshop(liege, second + timedelta(days=14, hours=4), seats=8)
    seat = made(liege, f"/scheduling/api/v1/workshops/{own_workshop}/seats", subject_ref=ada)
    made(
        liege,
        "/directory/api/v1/referrals",
        id=str(uuid4()),
        service_id=IFAPME_SERVICE,
        subject_ref=ben,
        centre="liege",
        reason="training",
    )
    liege.until(second + timedelta(hours=3))
    rules = {"horizon_days": 365, "notice_hours": 0, "visitor_notice_hours": 24, "public": True}
    ok(liege.region.put("/scheduling/api/v1/booking-rules/liege", json=rules))
    asyncio.run(publish_a_month(stack))
    asyncio.run(export_by_a_machine(stack, UUID(ada)))
    return {
        **a_full_room(liege),
        "announced": a_workshop(liege, second + timedelta(days=21), seats=8),
        "held": held,
        "path": path,
        "letter": stuck(stack, liege.now()),
        "now": liege.now().isoformat(),
        "person": ada,
        "other": ben,
        "merged": zoe,
        "link": fresh,
        "own_link": at_home,
        "workshop": workshop,
        "plan": plan,
        "whole": whole,
        "track": track_of(liege, plan),
        "step": ok(liege.counsellor.get(f"/plans/api/v1/plans/{plan}"))["information_steps"][0]["id"],
        "interview": booked["id"],
        "later": later["id"],
        "seat": seat["id"],
        "room": ok(liege.region.get("/scheduling/api/v1/rooms?centre=liege"))[0]["id"],
        "date": second.date().isoformat(),
        "first_day": first.date().isoformat(),
        "sunday": sunday_after(second),
        **answered(stack, liege),
        **asyncio.run(with_accounts(stack)),
    }


async def publish_a_month(stack: Stack) -> None:
    """Public figures of a past month: numbers that are whole, that have a part missing, and that are missing."""
    day = date(2017, 3, 27)
    counted: Cells = {
        (day, "liege", Measure.VISITORS, "find-job"): 140,
        (day, "mons", Measure.VISITORS, "find-job"): 85,
        (day, "liege", Measure.INFORMATION, "find-job"): 60,
        (day, "mons", Measure.INFORMATION, "find-job"): 32,
        (day, "liege", Measure.GUIDANCE, "find-job"): 55,
        (day, "mons", Measure.GUIDANCE, "find-job"): 2,
        (day, "liege", Measure.PLANS, ""): 3,
    }
    store = Store(Settings(data=stack.data).store_url("impact"), "impact", IMPACT.metadata)
    try:
        await count(store, counted)
        await publish_now(store, "2017-03", "2017-03")
        async with store.work() as work:
            work.add(ExactRead(at=work.now, person=MACHINE, form="json", since=day, until=day, centres=[], areas=[]))
    finally:
        await store.close()


async def export_by_a_machine(stack: Stack, person: UUID) -> None:
    """An export of a person's data with a token of the platform's key, whose name is one long word."""
    store = Store(Settings(data=stack.data).store_url("intake"), "intake", INTAKE.metadata)
    try:
        async with store.work() as work:
            work.add(Export(at=work.now, subject_ref=person, person=MACHINE))
    finally:
        await store.close()


async def with_accounts(stack: Stack) -> dict[str, str]:
    """Accounts: one that waits, one that signed in and was changed, one that a local manager may not change."""
    at_liege = rights(Role.COUNSELLOR, centres=("liege",))
    store = Store(Settings(data=stack.data).store_url("directory"), "directory", DIRECTORY.metadata)
    try:
        pending = await account_waits(store, "Amina Janssens (test)")
        member = await account_works(store, "Luc Peeters (test)", at_liege, code="liege-c07")
        beyond = await account_works(store, "Eva Dubois (test)", rights(Role.OPERATOR, centres=("liege",)))
        async with store.work() as work:
            both = rights(Role.FRONT_DESK, Role.COUNSELLOR, centres=("liege", "namur"))
            await accounts.change(work, member, both, manager=MANAGER, by=MANAGER_BY, code="liege-c07")
        async with store.work() as work:
            at_namur = rights(Role.FRONT_DESK, centres=("namur",))
            kiosk = await accounts.create_machine(
                work, AccountKind.DEVICE, "Borne de Namur", at_namur, manager=MANAGER, by=MANAGER_BY
            )
            old, _new = [
                await accounts.issue_token(work, kiosk.id, "Borne de Namur", 365, manager=MANAGER, by=MANAGER_BY)
                for _ in range(2)
            ]
            await accounts.revoke_token(work, old.sign_in, manager=MANAGER, by=MANAGER_BY)
        await signs_in(store, member, timedelta(days=90))  # the rehearsal's clock is days ahead
    finally:
        await store.close()
    return {"pending": str(pending), "member": str(member), "beyond": str(beyond)}


def made(at: Centre, url: str, /, **body: Any) -> Any:
    """What the counsellor made; what it stands on may be on its way still."""
    return ok(eventually(lambda: at.counsellor.post(url, json=body), lambda answer: answer.status_code == 201))


def a_path(centre: Centre, person: str) -> str:
    """An individual path of this person."""
    return made(centre, "/scheduling/api/v1/paths", subject_ref=person, centre="liege", area="choose-path")["id"]


def a_whole_plan(centre: Centre, person: str) -> str:
    """A plan with everything that the method asks, after two interviews; nobody has confirmed it."""
    path = a_path(centre, person)
    centre.interview(path)
    centre.interview(path)
    plan = centre.plan_of(person)
    centre.build_plan(plan, centre.counsellor)
    return plan


def a_workshop(centre: Centre, begins: datetime, seats: int) -> str:
    """A workshop of two sessions."""
    sessions = [{"starts_at": (begins + timedelta(days=7 * week)).isoformat(), "minutes": 120} for week in range(2)]
    body = {"centre": "liege", "title": "Construire son projet", "room": "liege-r2", "seats": seats}
    body |= {"outside_usual_hours": True}  # a week later may be a holiday
    return made(centre, "/scheduling/api/v1/workshops", **body, sessions=sessions)["id"]


def track_of(centre: Centre, plan: str) -> str:
    """The plan's first track."""
    return ok(centre.counsellor.get(f"/plans/api/v1/plans/{plan}"))["goals"][0]["tracks"][0]["id"]


def sunday_after(day: datetime) -> str:
    """The next Sunday, when everything is closed."""
    return (day + timedelta(days=6 - day.weekday())).date().isoformat()


def a_full_room(centre: Centre) -> dict[str, str]:
    """People who wait, are called, are received, and one who is known, a few minutes apart."""
    visits: list[str] = []
    for area in ("find-job", "choose-path", "select-training", "create-business", "choose-path", "find-job"):
        visits.append(centre.walks_in(area))
        centre.until(centre.now() + timedelta(minutes=3))
    for visit, desk in zip(visits, ("desk-1", "desk-2"), strict=False):
        ok(centre.desk.post(f"/intake/api/v1/visits/{visit}/call", json={"desk": desk}))
    ok(centre.desk.post(f"/intake/api/v1/visits/{visits[0]}/serve", json={}))
    centre.agrees_to_be_known(visits[0])
    again = {"centre": "liege", "area": "create-business"}
    ticket = ok(centre.desk.put(f"/intake/api/v1/visits/{visits[3]}", json=again))["ticket_page"]
    return {"visit": visits[3], "known_visit": visits[0], "ticket": urlsplit(ticket).path}


def answered(stack: Stack, centre: Centre) -> dict[str, str]:
    """The provider accepts all referrals but one; that one, and an action without a service, still wait."""
    mine = centre.counsellor
    referrals = eventually(
        lambda: ok(mine.get("/directory/api/v1/referrals?centre=liege"))["contents"], lambda found: len(found) == 3
    )
    undirected = eventually(lambda: ok(mine.get("/directory/api/v1/undirected?centre=liege")), lambda found: found)
    provider = stack.browse()
    provider.post("/sign-in", data={"account": "operateur-ifapme"})
    *accepted, unanswered = (one["id"] for one in referrals)
    for referral in accepted:
        ok(provider.post(f"/directory/api/v1/referrals/{referral}/progress", json={"status": "accepted"}))
    for name in ("accueil", "direction"):
        provider.post("/directory/entry/people", data={"email": f"{name}@ifapme.example", "lang": "fr"})
    return {
        "other_organization": str(organization_id("siep")),
        "referral": accepted[0],
        "unanswered": unanswered,
        "service": IFAPME_SERVICE,
        "organization": referrals[0]["organization_id"],
        "undirected": undirected[0]["action_id"],
    }


def stuck(stack: Stack, at: datetime) -> str:
    """Dead letters, as the consumer keeps what nobody can read: one in each state. Returns the dead one."""
    sealer = RecordSealer(Settings(data=stack.data))
    rows: dict[DeadLetterState, dict[str, Any]] = {}
    for nth, state in enumerate(DeadLetterState):
        record = Record(DeskCheckIn.topic.name, b"7f2c", [], b"not an event", 0, 41 + nth)
        rows[state] = dead_letter_row(
            record,
            sealer.keep(record, at),
            state=state,
            reason="malformed",
            detail="the header ce_type is missing",
            attempts=1,
            at=at,
        )
    with sa.create_engine(f"sqlite:///{stack.data / 'stores/intake.db'}").begin() as store:
        store.execute(sa.insert(dead_letters_table(sa.MetaData())), list(rows.values()))
    return str(rows[DeadLetterState.DEAD]["id"])
