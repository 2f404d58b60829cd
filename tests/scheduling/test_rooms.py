"""The rooms of a centre: kept by its managers, chosen by appointments, never booked twice."""

import asyncio
from importlib import import_module
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlmodel import col

from services.chassis.events.sequencing import Position, position_of
from services.chassis.refusals import Stale
from services.chassis.storage.store import Store
from services.chassis.testing import Client, emitted
from services.contracts.rooms import RoomPublished
from services.contracts.scheduling import WorkshopAnnounced
from services.scheduling.actions import guidance, own, restating, rooms, workshops
from services.scheduling.actions.rooms import RoomFacts
from services.scheduling.domain import refusals
from services.scheduling.domain.rooms import CAPACITY_MOST, ROOMS_MOST, Equipment, code_for, folded, places_in
from services.scheduling.store import Interview, QuarterHour, Room, Workshop
from tests.doors.doors import MANAGER
from tests.givens.events import emitted_events
from tests.givens.rows import rows_of
from tests.givens.scheduling import COUNSELLOR, LIEGE, NADIA, TOM, Visitor, leave_room, liege, react
from tests.scheduling.test_guidance import TUESDAY, book, change, other_path, take_path
from tests.scheduling.test_imports import information, take_in, take_in_workshops, workshop
from tests.scheduling.test_pages import press, see

API = "/scheduling/api/v1/rooms"
OF_LIEGE = MANAGER.model_copy(update={"centres": frozenset({LIEGE})})
OF_MONS = MANAGER.model_copy(update={"centres": frozenset({"mons"})})
BLUE = {"centre": LIEGE, "name": "Salle bleue", "capacity": 12, "equipment": ["projector", "screen"]}


async def add(store: Store, name: str, capacity: int = 12, centre: str = LIEGE, code: str | None = None) -> Room:
    async with store.work() as work:
        return await rooms.add_room(work, uuid4(), centre, RoomFacts(name=name, capacity=capacity), code)


async def rooms_at(store: Store, centre: str = LIEGE) -> dict[str, Room]:
    return {room.code: room for room in await rows_of(store, Room) if room.centre == centre}


async def published(store: Store) -> list[tuple[str, str, bool]]:
    """What was published of rooms: code, name, whether in use."""
    return [(one.code, one.name, one.active) for one in await emitted_events(store, RoomPublished)]


async def rename(store: Store, id: UUID, name: str) -> None:
    async with store.work() as work:
        await rooms.change_room(work, await work.load(Room, id), RoomFacts(name=name, capacity=12))


async def announce(store: Store, room: str | None, seats: int | None) -> Workshop:
    async with store.work() as work:
        return await workshops.announce(
            work,
            centre=LIEGE,
            area=None,
            title="Changer de voie",
            counsellor=TOM,
            room=room,
            seats=seats,
            sessions=[(TUESDAY, 120)],
        )


async def test_the_list_of_a_centre_is_no_longer_than_its_answer(store: Store) -> None:
    await react(store, [liege()])
    others = ROOMS_MOST - 1 - len(await rooms_at(store))
    async with store.work() as work:
        for code in (f"r{number}" for number in range(others)):
            work.add(Room(centre=LIEGE, code=code, name=code, folded=code, active=False))
    await add(store, "Salle bleue")
    with pytest.raises(refusals.TooManyRooms):
        await add(store, "Salle verte")


@pytest.mark.parametrize("other", ["salle  Bleue", "SALLE BLEUE", "Salle-bleue", "salle bléue", "  salle bleue."])
async def test_two_spellings_are_one_room(store: Store, other: str) -> None:
    await add(store, "Salle bleue")
    with pytest.raises(refusals.RoomExists) as refused:
        await add(store, other)
    assert refused.value.values == {"name": "Salle bleue"}
    assert folded(other) == "salle bleue"


async def test_rooms_of_two_centres_may_have_one_name(store: Store) -> None:
    await react(store, [liege(code="mons")])
    await add(store, "Salle bleue")
    await add(store, "Salle bleue", centre="mons")
    assert (await rooms_at(store, "mons"))["salle-bleue"].name == "Salle bleue"


async def test_of_many_who_add_one_room_at_once_one_does(store: Store) -> None:
    asked = [add(store, name) for name in ("Salle bleue", "salle Bleue", "SALLE BLEUE") * 4]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted({type(one).__name__ for one in answers}) == ["Room", "RoomExists"]
    assert len([one for one in answers if isinstance(one, Room)]) == 1


def test_a_code_is_made_from_the_name_and_is_another_one_where_it_is_taken() -> None:
    assert code_for("Salle d’été (2e étage)", ()) == "salle-d-ete-2e-etage"
    assert code_for("Salle bleue", {"salle-bleue", "salle-bleue-2"}) == "salle-bleue-3"
    assert code_for("会議室", ()) == "room"
    assert len(code_for("très " * 30, ())) <= 60


async def test_a_code_of_the_manager_s_own_is_free(store: Store) -> None:
    with pytest.raises(refusals.RoomCodeTaken):
        await add(store, "Une autre", code="salle-1")
    assert (await add(store, "Une autre", code="liege-r9")).code == "liege-r9"


async def test_a_name_has_letters_or_digits(store: Store) -> None:
    with pytest.raises(refusals.NamelessRoom):
        await add(store, "– !")


async def test_a_room_is_renamed_and_keeps_its_code_and_what_is_booked_in_it(store: Store, adult: Visitor) -> None:
    booked = await book(store, await take_path(store, adult), room="salle-1")
    room = (await rooms_at(store))["salle-1"]
    facts = RoomFacts(name="Salle rouge", capacity=6, equipment=[Equipment.COMPUTERS])
    async with store.work() as work:
        await rooms.change_room(work, await work.load(Room, room.id), facts, 1)
    changed = (await rooms_at(store))["salle-1"]
    assert (changed.name, changed.capacity, changed.equipment, changed.version) == ("Salle rouge", 6, ["computers"], 2)
    assert [one.room for one in await rows_of(store, Interview)] == ["salle-1"] == [booked.room]
    with pytest.raises(Stale):
        async with store.work() as work:
            await rooms.change_room(work, await work.load(Room, room.id), RoomFacts(name="Salle verte", capacity=6), 1)
    with pytest.raises(refusals.RoomExists):
        async with store.work() as work:
            await rooms.change_room(
                work, await work.load(Room, room.id), RoomFacts(name="local SALLE 2", capacity=6), 2
            )


async def test_each_change_of_a_room_is_published(store: Store) -> None:
    before = len(await published(store))
    room = await add(store, "Salle bleue")
    for name in ("Salle bleue", "Salle rouge"):  # the first changes nothing
        async with store.work() as work:
            facts = RoomFacts(name=name, capacity=12)
            await rooms.change_room(work, await work.load(Room, room.id), facts)
    await leave_room(store, room.id)
    assert (await published(store))[before:] == [
        ("salle-bleue", "Salle bleue", True),
        ("salle-bleue", "Salle rouge", True),
        ("salle-bleue", "Salle rouge", False),
    ]
    assert (await rooms_at(store))["salle-bleue"].version == 3
    assert not await restating.publish_rooms(store)
    assert len(await published(store)) == before + 3


async def test_a_room_that_an_older_version_added_is_published_with_its_first_change(store: Store) -> None:
    """While the first new replica starts, those of the version before go on: they count each change from 1."""
    id, name = uuid4(), {"code": "old", "name": "Vieille salle", "folded": "vieille salle"}
    row: dict[str, Any] = {"id": id, "version": 3, "centre": LIEGE, "capacity": 4, "equipment": [], "active": True}
    columns = Room.metadata.tables["rooms"].c
    as_before = sa.table("rooms", *(sa.column(one, columns[one].type) for one in row | name))
    async with store.writer.begin() as connection:
        await connection.execute(sa.insert(as_before).values(row | name))
    async with store.work() as work:
        facts = RoomFacts(name="Petite salle", capacity=4)
        await rooms.change_room(work, await work.load(Room, id), facts)
    assert not await restating.publish_rooms(store)
    assert await published(store) == [("old", "Petite salle", True)]
    assert (await rooms_at(store))["old"].version == 1


async def test_a_change_that_an_older_version_did_not_publish_holds_up_no_later_one(store: Store) -> None:
    """After a rollback, or while replicas are updated, the version before counts a change and emits nothing."""
    room = await add(store, "Salle bleue")
    await rename(store, room.id, "Salle verte")
    async with store.work() as work:
        await work.session.execute(sa.update(Room).where(col(Room.id) == room.id).values(version=3, name="Salle 3"))
    await rename(store, room.id, "Salle rouge")
    await rename(store, room.id, "Salle jaune")
    mine = [one for one in await emitted(store, RoomPublished) if one.subject == str(room.id)]
    assert [(one.sequence, one.previous) for one in mine] == [(1, 0), (2, 1), (4, 2), (5, 4)]
    for last, one in zip((None, 1, 2, 4), mine, strict=True):
        assert position_of(one, last) is Position.NEXT


async def test_only_a_room_of_the_list_that_is_in_use_is_booked(store: Store, adult: Visitor) -> None:
    path = await take_path(store, adult)
    await leave_room(store, (await rooms_at(store))["salle-2"].id)
    known, names = ["liege-r1", "salle-1", "salle-3"], ["Local liege-r1", "Local salle-1", "Local salle-3"]
    for code, kind, room in (
        ("salle-9", refusals.UnknownRoom, "salle-9"),
        ("salle-2", refusals.RoomInactive, "Local salle-2"),
    ):
        with pytest.raises(kind) as refused:
            await book(store, path, room=code)
        assert (refused.value.about, refused.value.values) == (
            "room",
            {"room": room, "known": known, "choices": names},
        )
        with pytest.raises(kind):
            await announce(store, code, 3)
    booked = await book(store, path, room="salle-1")
    with pytest.raises(refusals.UnknownRoom):
        await change(store, booked.id, guidance.move, counsellor=NADIA, room="salle-9", starts_at=TUESDAY, minutes=120)


async def test_a_room_is_taken_by_an_update_too_or_refused(store: Store, adult: Visitor) -> None:
    await book(store, await take_path(store, adult), room="salle-1")
    second = await book(store, await other_path(store), counsellor=TOM, room="salle-2")
    move: dict[str, Any] = {"counsellor": TOM, "starts_at": TUESDAY, "minutes": 60}
    with pytest.raises(refusals.Overlap) as refused:
        await change(store, second.id, guidance.move, room="salle-1", **move)
    assert refused.value.about == "room"
    await change(store, second.id, guidance.move, room="salle-3", **move)


async def test_the_store_itself_refuses_a_room_twice(store: Store) -> None:
    """Of many who book one room for one hour at once, with two counsellors in turn, one gets it."""
    paths = [await other_path(store) for _ in range(8)]
    codes = (NADIA, TOM)

    async def at_once(number: int, path: UUID) -> Interview:
        return await book(store, path, counsellor=codes[number % 2], room="salle-1")

    answers = await asyncio.gather(*(at_once(n, path) for n, path in enumerate(paths)), return_exceptions=True)
    assert len([one for one in answers if isinstance(one, Interview)]) == 1
    assert {type(one) for one in answers if not isinstance(one, Interview)} == {refusals.Overlap}
    taken = [one.resource for one in await rows_of(store, QuarterHour) if one.resource.startswith("room:")]
    assert taken == ["room:liege:salle-1"] * 4


async def test_a_visitor_who_moves_an_interview_leaves_a_room_that_is_out_of_use(store: Store, adult: Visitor) -> None:
    notice = TUESDAY - TUESDAY
    booked = await book(store, await take_path(store, adult), room="salle-1")
    await leave_room(store, (await rooms_at(store))["salle-1"].id)
    async with store.work() as work:
        await own.move(
            work,
            booked.id,
            [adult.subject_ref],
            starts_at=TUESDAY.replace(hour=13),
            notice=notice,
            horizon=TUESDAY.replace(year=2027) - TUESDAY,
            seen=booked.starts_at,
        )
    assert [one.room for one in await rows_of(store, Interview)] == [None]


def test_places_are_those_of_the_room_and_never_more() -> None:
    assert places_in(None, "Salle bleue", 12) == 12
    assert places_in(5, "Salle bleue", 12) == 5
    assert places_in(30, None, None) == 30
    assert places_in(30, "Salle bleue", None) == 30, "nobody has entered its seats yet"
    with pytest.raises(refusals.TooManyPlaces) as refused:
        places_in(13, "Salle bleue", 12)
    assert (refused.value.about, refused.value.values["capacity"]) == ("seats", 12)
    with pytest.raises(refusals.PlacesMissing):
        places_in(None, None, None)


async def test_a_workshop_has_as_many_places_as_its_room(store: Store) -> None:
    workshop = await announce(store, "salle-1", None)
    (said,) = await emitted_events(store, WorkshopAnnounced)
    assert (workshop.seats, said.seats, said.room) == (20, 20, "salle-1")
    with pytest.raises(refusals.TooManyPlaces):
        await announce(store, "salle-2", 21)
    assert len(await rows_of(store, Workshop)) == 1


async def test_imports_make_inactive_rooms_of_codes_that_no_list_has(store: Store) -> None:
    await add(store, "Salle bleue", code="liege-r7")
    lines = [information(room=code) for code in ("r-1", "r-1", "r.1", "salle-1", "salle-bleue", None)]
    refused = information(room="r-2", centre="atlantis")
    outcome = await take_in(store, *lines, refused)
    assert (outcome.accepted, len(outcome.bad)) == (6, 1)
    assert (await take_in_workshops(store, workshop(room="r-3"), workshop(room="r.3"))).accepted == 2
    assert (await take_in(store, *lines, information(room="r.3"))).accepted == 1
    known = await rooms_at(store)
    inactive = {(room.code, room.name, room.capacity) for room in known.values() if not room.active}
    assert inactive == {("r-1", "r-1", None), ("r-3", "r-3", None)}
    kept = sorted(one.room or "" for one in await rows_of(store, Interview))
    assert kept == ["", "liege-r7", "r-1", "r-1", "r-1", "r-3", "salle-1"]
    assert [one.room for one in await rows_of(store, Workshop)] == ["r-3", "r-3"]
    assert [one.room for one in await emitted_events(store, WorkshopAnnounced)] == ["r-3", "r-3"]


async def test_the_same_unknown_rooms_come_in_bulk(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = [f"r-{number:02}" for number in range(40)]
    assert (await take_in(store, *(information(room=code) for code in codes))).accepted == 40
    assert (await take_in(store, *(information(room=code) for code in codes))).accepted == 40
    assert {room.code for room in (await rooms_at(store)).values() if not room.active} == set(codes)
    before = await published(store)
    monkeypatch.setattr(restating, "BATCH", 30)
    assert await restating.publish_rooms(store)
    assert not await restating.publish_rooms(store)
    added = (await published(store))[len(before) :]
    assert sorted(added) == [(code, code, False) for code in codes]


async def test_an_update_makes_rooms_of_the_texts_of_before(store: Store) -> None:
    spelt = ["salle-1", "salle-1", "Salle 1", "Salle bleue", "salle  Bleue", "SALLE BLÉUE", "Salle bleue", None]
    lines = [information() for _ in spelt]
    await take_in(store, *lines)
    await take_in_workshops(store, workshop())

    def as_before(connection: sa.Connection) -> None:
        table = Interview.metadata.tables["interviews"]
        for line, room in zip(lines, spelt, strict=True):
            connection.execute(sa.update(table).where(table.c.id == line.interview_id).values(room=room))
        held = Interview.metadata.tables["workshops"]
        connection.execute(sa.update(held).values(room="salle BLEUE"))
        quarters = Interview.metadata.tables["quarter_hours"]
        at = [TUESDAY, TUESDAY.replace(hour=10), TUESDAY.replace(hour=11)]
        reserved = [("Salle bleue", at[0]), ("salle  Bleue", at[0]), ("salle  Bleue", at[1]), ("salle-1", at[2])]
        holders = {"Salle bleue": lines[3].interview_id, "salle  Bleue": lines[4].interview_id}
        rows = [
            {"resource": f"room:{LIEGE}:{room}", "quarter": when, "holder": holders.get(room, lines[0].interview_id)}
            for room, when in reserved
        ]
        connection.execute(sa.insert(quarters), rows)
        connection.execute(sa.text("drop table rooms"))
        with Operations.context(MigrationContext.configure(connection)):
            for version in ("0022_rooms", "0023_rooms_are_published", "0025_rooms_know_their_last_event"):
                import_module(f"services.scheduling.migrations.versions.{version}").upgrade()

    async with store.writer.begin() as connection:
        await connection.run_sync(as_before)
    assert await published(store) == []
    for _ in range(2):
        assert not await restating.publish_rooms(store)
    names = [("salle-1", "salle-1", True), ("salle-bleue", "Salle bleue", True)]
    assert sorted(await published(store)) == names
    found = await rooms_at(store)
    assert {room.version for room in found.values()} == {1}
    shown = {code: (room.name, room.folded, room.capacity, room.active) for code, room in found.items()}
    assert shown == {
        "salle-1": ("salle-1", "salle 1", None, True),
        "salle-bleue": ("Salle bleue", "salle bleue", None, True),
    }
    by_id = {one.id: one.room for one in await rows_of(store, Interview)}
    assert [by_id[line.interview_id] for line in lines] == [
        *["salle-1"] * 3,
        "salle-bleue",
        None,  # booked at the time of the one before
        *["salle-bleue"] * 2,
        None,
    ]
    assert [one.room for one in await rows_of(store, Workshop)] == ["salle-bleue"]
    taken = sorted((one.resource, one.quarter) for one in await rows_of(store, QuarterHour))
    blue, one = f"room:{LIEGE}:salle-bleue", f"room:{LIEGE}:salle-1"
    assert taken == [(one, TUESDAY.replace(hour=11)), (blue, TUESDAY)]


async def ask(desk: Client, method: str, path: str, status: int = 200, **body: Any) -> Any:
    answer = await desk.request(method, f"{API}{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_manager_keeps_the_list_over_the_api(desk: Client) -> None:
    desk.signed_in(OF_LIEGE)
    made = await ask(desk, "POST", "", 201, **BLUE)
    shown = {name: made[name] for name in ("code", "name", "capacity", "equipment", "active", "version")}
    assert shown == {
        "code": "salle-bleue",
        "name": "Salle bleue",
        "capacity": 12,
        "equipment": ["screen", "projector"],
        "active": True,
        "version": 1,
    }
    assert (await ask(desk, "POST", "", 201, **BLUE))["id"] == made["id"], "sent again, it adds nothing"
    one = f"/{made['id']}"
    changed = await ask(desk, "PUT", one, name="Salle verte", capacity=9, version=1)
    assert (changed["code"], changed["name"], changed["capacity"], changed["equipment"]) == (
        "salle-bleue",
        "Salle verte",
        9,
        [],
    )
    stale = await ask(desk, "PUT", one, 409, name="Salle rouge", capacity=9, version=1)
    assert stale["errors"][0]["rule"] == "stale-version"
    again = await ask(desk, "POST", "", 201, **BLUE)
    assert (again["code"], again["id"] == made["id"]) == ("salle-bleue-2", False), "the first one has another name now"
    left = await ask(desk, "POST", f"{one}/deactivate", version=2)
    assert (left["active"], left["version"]) == (False, 3)
    refused = await ask(desk, "POST", "", 409, **(BLUE | {"name": "Salle verte"}))
    assert refused["errors"][0]["rule"] == "room-exists", "it is out of use"
    listed = (await desk.get(API, params={"centre": LIEGE})).json()
    assert [room["code"] for room in listed][-1] == "salle-bleue"
    assert (await ask(desk, "POST", f"{one}/activate"))["active"] is True
    await ask(desk, "POST", f"{one}/delete", 422)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"name": " "}, "name"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": CAPACITY_MOST + 1}, "capacity"),
        ({"equipment": ["piano"]}, "equipment.0"),
        ({"centre": "atlantis"}, "centre"),
        ({"code": "Salle bleue"}, "code"),
    ],
)
async def test_a_wrong_room_is_refused_by_field(desk: Client, changed: dict[str, Any], field: str) -> None:
    desk.signed_in(MANAGER)
    refused = await ask(desk, "POST", "", 422, **(BLUE | changed))
    assert [fault["field"] for fault in refused["errors"]] == [field]
    assert len(await rooms_at(desk.store)) == 4


async def test_only_managers_of_the_centre_keep_its_list(desk: Client) -> None:
    room = next(iter((await rooms_at(desk.store)).values()))
    desk.signed_in(COUNSELLOR)
    assert (await desk.get(API, params={"centre": LIEGE})).status_code == 200
    await ask(desk, "POST", "", 403, **BLUE)
    await see(desk, "/rooms", 403)
    desk.signed_in(OF_MONS)
    await ask(desk, "POST", "", 403, **BLUE)
    await ask(desk, "POST", f"/{room.id}/deactivate", 404)
    await see(desk, f"/rooms/{LIEGE}", 403)
    await see(desk, f"/rooms/mons/{room.id}", 404)


async def test_a_manager_keeps_the_list_on_its_page(desk: Client) -> None:
    desk.signed_in(OF_LIEGE)
    answer = await desk.get("/scheduling/rooms")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/scheduling/rooms/{LIEGE}")
    said = await press(desk, f"/rooms/{LIEGE}", name="Salle bleue", capacity="12", equipment=["screen", "computers"])
    assert "Le local est dans la liste." in said
    room = (await rooms_at(desk.store))["salle-bleue"]
    assert room.equipment == ["screen", "computers"]
    listed = await see(desk, f"/rooms/{LIEGE}")
    for words in ("<bdi>Salle bleue</bdi>", "12 places", "Écran", "Ordinateurs"):
        assert words in listed
    again = await press(desk, f"/rooms/{LIEGE}", 422, name="SALLE BLEUE", capacity="9", equipment=["screen"])
    assert "Le centre a déjà un local de ce nom\u00a0: Salle bleue." in again
    assert 'value="SALLE BLEUE"' in again
    page = f"/rooms/{LIEGE}/{room.id}"
    assert 'value="Salle bleue"' in await see(desk, page)
    await press(desk, page, name="Salle verte", capacity="10", version="1")
    stale = await press(desk, page, 422, name="Salle rouge", capacity="10", version="1")
    assert "Quelqu’un a modifié cette page entre-temps." in stale
    assert 'name="version" value="2"' in stale
    empty = await press(desk, page, 422, name="", capacity="beaucoup", version="2")
    assert 'id="name-error"' in empty
    assert 'id="capacity-error"' in empty
    await press(desk, f"{page}/deactivate", version="2")
    assert "Plus utilisé" in await see(desk, f"/rooms/{LIEGE}")
    desk.signed_in(COUNSELLOR)
    assert "Salle verte" not in await see(desk, "/workshops/new")
    desk.signed_in(OF_LIEGE)
    await press(desk, f"{page}/activate", version="3")
    desk.signed_in(COUNSELLOR)
    assert '<option value="salle-bleue">Salle verte (10 places)</option>' in await see(desk, "/workshops/new")
    assert room.code == "salle-bleue"


async def test_the_region_chooses_a_centre(desk: Client) -> None:
    await react(desk.store, [liege(code="mons")])
    desk.signed_in(MANAGER)
    page = await see(desk, "/rooms")
    assert f'href="/scheduling/rooms/{LIEGE}"' in page
    assert 'href="/scheduling/rooms/mons"' in page
    assert "Pas encore de local" in await see(desk, "/rooms/mons")


async def test_a_refusal_says_which_rooms_there_are(desk: Client, known: Visitor) -> None:
    path = (
        await desk.post("/scheduling/api/v1/paths", json={"subject_ref": str(known.subject_ref), "centre": LIEGE})
    ).json()
    body = {"path_id": path["id"], "starts_at": TUESDAY.isoformat(), "minutes": 60, "room": "salle-9"}
    answer = await desk.post("/scheduling/api/v1/interviews", json=body, headers={"accept-language": "en"})
    (fault,) = answer.json()["errors"]
    assert (fault["field"], fault["rule"]) == ("room", "unknown-room")
    assert "Local liege-r1, Local salle-1, Local salle-2, Local salle-3" in fault["message"]
    assert fault["known"] == ["liege-r1", "salle-1", "salle-2", "salle-3"]
