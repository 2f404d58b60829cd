"""The person of each side: checks in, is registered and guided, writes a plan, and is referred to a provider."""

from datetime import datetime, time, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import col

from services.contracts.plans import Dimension
from services.directory import actions as directory
from services.directory.store import UnassignedReferral
from services.intake.actions import devices, links, people
from services.intake.domain.devices import DeviceKind
from services.intake.domain.links import digest, hash_pin
from services.intake.store import Centre, link_with
from services.plans import actions as plans
from services.plans.domain import plan_id_of
from services.scheduling.actions import attendance, availability, guidance, information, paths, seats, workshops
from services.scheduling.actions.external import set_calendar
from services.scheduling.domain.availability import WorkingHours
from services.scheduling.domain.changed_days import ChangedDays
from services.scheduling.settings import calendar_encryption
from services.scheduling.store import EarlierOffer, EarlierWish, Seat, Session, Workshop
from tests.givens.intake import walks_in
from tests.givens.scheduling import add_rooms
from tests.matrix.callers import OTHER, REGION
from tests.matrix.staff import MANAGERS
from tests.matrix.world import Side, World

PIN = "839517"
TEAM = ("front desk", "counsellor")
GUIDED = ("counsellor", "visitor")
FOLLOWING = ("counsellor", "provider", "cité", "other cité", REGION)
"""Who follows a referral: partners follow all of them."""


async def guide_both(world: World) -> None:
    """What happens on one day, on both sides, until half past one."""
    steps = (_check_in, _book, _hold, _write_the_plan, _refer)
    for step in steps:
        if step is _hold:
            world.clock.forward(hours=4, minutes=30)
        for side in world.sides:
            await step(world, side)
        await world.spread()


def code_of(side: Side) -> str:
    """The side's counsellor, in the calendar."""
    return f"{side.centre}-c01"


def counsellor(side: Side) -> str:
    """The side's counsellor, who asks."""
    return "counsellor" if side.centre == "liege" else f"{OTHER}counsellor"


async def _check_in(world: World, side: Side) -> None:
    """Four visits: of the person, of one who waits, of one who will be in an interview, of one who takes a seat."""
    store = world.store("intake")
    name = f"Ada-{side.centre}-Wauters"
    for visit in ("visit", "walk-in", "in interview", "participant's visit"):
        side.ids[visit] = uuid4()
        async with store.work() as work:
            await walks_in(work, side[visit], centre=side.centre, area="find-job")
    for person, visit in (("person", "visit"), ("participant", "participant's visit")):
        async with store.work() as work:
            made = await people.register_visitor(
                work,
                side[visit],
                given_name="Ada",
                family_name=name if person == "person" else "Participant",
                contact=None,
                language="fr",
                purposes=["guidance", "plan", "reminders", "referral"],
                recorded_by="test",
            )
            side.ids[person] = made.id
    async with store.work() as work:
        side.secret = await links.create_link(work, side["person"], "test")
    async with store.read() as session:
        link = await link_with(session, digest(side.secret))
    assert link is not None
    async with store.work() as work:
        token = await links.choose_pin(work, link.id, hash_pin(PIN), None, 12)
    world.tokens["visitor" if side.centre == "liege" else f"{OTHER}visitor"] = token
    side.private |= {
        name: (*TEAM, "visitor"),
        str(side["person"]): (*TEAM, "visitor"),
        str(side["visit"]): TEAM,
        str(side["walk-in"]): TEAM,
    }
    await _set_up_a_kiosk(world, side)


async def _set_up_a_kiosk(world: World, side: Side) -> None:
    """A device that checks in without the network."""
    side.ids["device"] = uuid4()
    async with world.store("intake").work() as work:
        centre = await work.session.get_one(Centre, side.centre)
        await devices.enrol(work, side["device"], centre, DeviceKind.KIOSK, by="test", wants_key=False)
    side.private[str(side["device"])] = MANAGERS


async def _book(world: World, side: Side) -> None:
    """An interview that will be held, one that will have begun, one for tomorrow; and a workshop of this afternoon."""
    store, now = world.store("scheduling"), world.clock.now
    side.ids["room"] = (await add_rooms(store, side.centre))[0]
    async with store.work() as work:
        side.ids["path"] = (await paths.open_path(work, side["person"], side.centre)).id
    starts = {"held": _at(now, 10), "begun": _at(now, 11), "tomorrow": _at(now, 10) + timedelta(days=1)}
    for name, starts_at in starts.items():
        async with store.work() as work:
            booked = await guidance.book(
                work, side["path"], counsellor=code_of(side), room="salle-1", starts_at=starts_at, minutes=60
            )
            side.ids[name] = booked.id
    await _enter_hours(world, side)
    await _offer_an_earlier_time(world, side)
    await _announce(world, side, "", _at(now, 13))
    await _announce(world, side, "own ", _at(now, 13) + timedelta(days=7), "person")
    await _announce(world, side, "finished ", _at(now, 9) + timedelta(minutes=15))
    async with store.read() as session:
        side.ids["due path"] = (await session.get_one(Seat, side["finished seat"])).path_id or uuid4()
    side.private |= {
        str(side["path"]): GUIDED,
        str(side["begun"]): TEAM,
        str(side["tomorrow"]): TEAM,
        str(side["own seat"]): ("visitor",),
    } | {str(side[name]): ("counsellor",) for name in ("workshop", "seat", "session", "due path")}


async def _offer_an_earlier_time(world: World, side: Side) -> None:
    """An earlier time of tomorrow's interview was offered, and not answered in time."""
    now, side.ids["offer"] = world.clock.now, uuid4()
    async with world.store("scheduling").work() as work:
        asked_at = now - timedelta(days=1)
        work.add(EarlierWish(interview_id=side["tomorrow"], centre=side.centre, asked_at=asked_at, asked_by="visitor"))
        work.add(
            EarlierOffer(
                id=side["offer"],
                interview_id=side["tomorrow"],
                centre=side.centre,
                counsellor=code_of(side),
                starts_at=_at(now, 15),
                minutes=60,
                status="offered",
                offered_at=now - timedelta(days=1),
                until=now,
            )
        )


async def _enter_hours(world: World, side: Side) -> None:
    """The counsellor works at all hours, has a different week, is away for another, and has another calendar."""
    zone, today = ZoneInfo("Europe/Brussels"), world.clock.now.date()
    every_day = WorkingHours(today, "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU", "00:00", "24:00", frozenset(), zone)
    begins = datetime.combine(today + timedelta(days=150), time(), zone)
    async with world.store("scheduling").work() as work:
        soon = today + timedelta(days=100)
        week = ChangedDays(soon, soon + timedelta(days=6), (), (("00:00", "24:00"),), zone)
        await availability.set_hours(work, code_of(side), side.centre, [every_day], changes=[week])
        absence = await availability.add_absence(work, uuid4(), code_of(side), begins, begins + timedelta(days=7), zone)
        encryption = calendar_encryption(world.runtime("scheduling"))
        await set_calendar(work, code_of(side), f"https://calendar.example.org/of-{side.centre}.ics", encryption, ())
    side.ids["absence"] = absence.id


async def _announce(world: World, side: Side, which: str, starts_at: datetime, whose: str = "participant") -> None:
    """A workshop of one session, in which this person has a seat."""
    store = world.store("scheduling")
    async with store.work() as work:
        workshop = await workshops.announce(
            work,
            centre=side.centre,
            area=None,
            title=f"Workshop-of-{side.centre}",
            counsellor=code_of(side),
            room="salle-2",
            seats=8,
            sessions=[(starts_at, 45)],
        )
    async with store.work() as work:
        seat = await seats.take_seat(work, workshop.id, side[whose])
    async with store.read() as session:
        of_workshop = sa.select(col(Session.id)).where(col(Session.workshop_id) == workshop.id)
        meeting = (await session.scalars(of_workshop)).one()
    side.ids |= {f"{which}workshop": workshop.id, f"{which}seat": seat.id, f"{which}session": meeting}


async def _hold(world: World, side: Side) -> None:
    """The first interview and a workshop took place, and an information interview is under way."""
    store = world.store("scheduling")
    async with store.work() as work:
        workshop = await work.load(Workshop, side["finished workshop"])
        await attendance.record_attendance(work, workshop, side["finished session"], [side["finished seat"]])
    async with store.work() as work:
        await guidance.hold(work, await guidance.interview_of(work, side["held"]))
    async with store.work() as work:
        side.ids["running"] = (await information.start(work, side["in interview"], code_of(side))).id


async def _write_the_plan(world: World, side: Side) -> None:
    """Something of everything; one action needs a provider, and nobody has chosen one."""
    store, me = world.store("plans"), await world.person("plans", counsellor(side))
    plan = side.ids["plan"] = plan_id_of(side["path"])
    text = f"Words-of-{side.centre}"
    async with store.work() as work:
        await plans.write_assessment(work, plan, me, dimension=Dimension.SKILLS, text=text)
        step = await plans.plan_information_step(work, plan, me, what="Visiter un atelier")
        goal = await plans.set_goal(work, plan, me, "Travailler le bois")
        await work.session.flush()
        track = await plans.open_track(work, plan, me, goal_id=goal.id, title="Se former", area="select-training")
        await work.session.flush()
        new = plans.NewAction(title="Semaine de découverte", needs_provider=True, reason="training")
        action = await plans.plan_action(work, plan, me, track_id=track.id, new=new)
        side.ids |= {"step": step.id, "goal": goal.id, "track": track.id, "action": action.id}
    side.private |= {text: GUIDED, str(plan): GUIDED, str(step.id): GUIDED, str(track.id): GUIDED}


async def _refer(world: World, side: Side) -> None:
    """A counsellor refers the person by hand; the plan's action waits for a service."""
    store = world.store("directory")
    async with store.work() as work:
        side.ids["referral"] = uuid4()
        await directory.refer(
            work,
            side["referral"],
            subject_ref=side["person"],
            centre=side.centre,
            area=None,
            service_id=side["service"],
            reason="training",
            requested_by=f"account/{side['counsellor account']}",
        )
    async with store.read() as session:
        here = sa.select(col(UnassignedReferral.id)).where(col(UnassignedReferral.centre) == side.centre)
        side.ids["unassigned"] = (await session.scalars(here)).one()
    side.private[str(side["referral"])] = FOLLOWING


def _at(day: datetime, hour: int) -> datetime:
    """An hour of this day in Belgium, in winter."""
    return day.replace(hour=hour - 1, minute=0)
