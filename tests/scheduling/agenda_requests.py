"""The steps as requests over HTTP: of the API, and of the two forms by which an account holds and books a time."""

from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from services.chassis.testing import Client
from tests.givens.scheduling import LIEGE, NADIA, TOM, Visitor
from tests.scheduling.agenda_model import BRUSSELS
from tests.scheduling.agenda_steps import (
    Absent,
    Announce,
    AnswerSeat,
    Ask,
    Book,
    Change,
    EndWorkshop,
    GiveUp,
    HoldTime,
    Move,
    OpenPath,
    Present,
    Record,
    Reopen,
    Step,
)

API = "/scheduling/api/v1"
HTML = {"accept": "text/html"}
Ids = dict[str, str]


async def send(
    clients: Sequence[Client], number: int, step: Step, ids: Ids, people: Sequence[Visitor], workshop: str
) -> tuple[str, Ids]:
    """Ask for a step. Returns the answer, as `agenda_model.Answers` has it, and the ids of what was made.

    `workshop`: of a seat.
    """
    if isinstance(step, HoldTime) or (isinstance(step, Book) and step.owner):
        return await _form(clients[("nadia", "tom").index(step.owner)], step, ids)
    if isinstance(step, Absent | Present):
        number = (NADIA, TOM).index(step.counsellor)  # their own
    method, path, body = _request(step, ids, people, workshop)
    headers = {"idempotency-key": str(uuid4())} if isinstance(step, Absent) else {}
    content = body if method == "POST" else None
    answer = await clients[number % 2].request(method, f"{API}{path}", headers=headers, json=content)
    given: dict[str, Any] = answer.json() if answer.content else {}
    if not answer.is_success:
        assert answer.status_code in (404, 409, 422), answer.text
        return "not-found" if answer.status_code == 404 else given["errors"][0]["rule"], {}
    return given["status"] if isinstance(step, Ask) else "ok", _made(step, given)


def _made(step: Step, given: dict[str, Any]) -> Ids:
    made: Ids = {step.key: given["id"]} if isinstance(step, OpenPath | Book | Absent | Announce | Ask) else {}
    if isinstance(step, Announce):
        made[f"session of {step.key}"] = given["sessions"][0]["id"]
    if isinstance(step, Ask | AnswerSeat) and given["path_id"]:
        made[f"path of {step.key if isinstance(step, Ask) else step.seat}"] = given["path_id"]
    return made


def _request(step: Step, ids: Ids, people: Sequence[Visitor], workshop: str) -> tuple[str, str, dict[str, Any]]:
    path, body = "", dict[str, Any]()
    match step:
        case OpenPath():
            path, body = "/paths", {"subject_ref": str(people[step.person].subject_ref), "centre": LIEGE}
        case GiveUp():
            path, body = f"/paths/{ids[step.path]}/give-up", {"free_booked": step.free_booked}
        case Reopen():
            path, body = f"/paths/{ids[step.path]}/reopen", {"reason": "visitor-back"}
        case Book():
            about = {"path_id": ids[step.path], "room": step.room, "sooner": step.sooner}
            path, body = "/interviews", about | _time(step)
        case Move():
            path, body = f"/interviews/{ids[step.interview]}/move", _time(step)
        case Change():
            why = {"cancelled_by": "visitor", "reason": "transport"} if step.what == "cancel" else {}
            path, body = f"/interviews/{ids[step.interview]}/{step.what}", why
        case Record():
            path = f"/interviews/{ids[step.interview]}/hold"
        case Absent() | Present():
            return _of_absences(step, ids)
        case _:
            path, body = _of_workshops(step, ids, people, workshop)
    return "POST", path, body


def _of_absences(step: Absent | Present, ids: Ids) -> tuple[str, str, dict[str, Any]]:
    address = f"/counsellors/{step.counsellor}/absences"
    if isinstance(step, Present):
        return "DELETE", f"{address}/{ids[step.absence]}", {}
    return "POST", address, {"starts_at": step.begins.isoformat(), "ends_at": step.ends.isoformat()}


def _of_workshops(step: Step, ids: Ids, people: Sequence[Visitor], workshop: str) -> tuple[str, dict[str, Any]]:
    path, body = "/workshops", dict[str, Any]()
    match step:
        case Announce(workshop=new):
            session = {"starts_at": new.at.isoformat(), "minutes": new.minutes}
            body = {"centre": LIEGE, "title": "Oser", "counsellor": new.counsellor, "room": new.room}
            body |= {"seats": new.seats, "sessions": [session]}
        case EndWorkshop(workshop=key, cancelled=True):
            path, body = f"{path}/{ids[key]}/cancel", {"reason": "other"}
        case EndWorkshop(workshop=key):
            path = f"{path}/{ids[key]}/sessions/{ids[f'session of {key}']}/attendance"
            body = {"came": [ids[one] for one in step.came]}
        case Ask(workshop=key):
            path = f"{path}/{ids[key]}/seats"
            body = {"subject_ref": str(people[step.person].subject_ref), "waitlist": step.waitlist}
        case AnswerSeat():
            path = f"{path}/{ids[workshop]}/seats/{ids[step.seat]}/{step.what}"
            body = {"cancelled_by": "visitor"} if step.what == "release" else {}
        case _:
            raise AssertionError(step)
    return path, body


def _time(step: Book | Move) -> dict[str, Any]:
    return {"counsellor": step.counsellor, "starts_at": step.at.isoformat(), "minutes": step.minutes}


async def _form(client: Client, step: HoldTime | Book, ids: Ids) -> tuple[str, Ids]:
    local = step.at.astimezone(BRUSSELS)
    chosen = {"centre": LIEGE, "counsellor": step.counsellor, "minutes": str(step.minutes)}
    if isinstance(step, HoldTime):
        data = chosen | {"starts_at": step.at.isoformat()}
        answer = await client.post("/scheduling/free-times", data=data, headers=HTML)
        held = answer.headers.get("location", "").startswith("/scheduling/interviews/new")
        return "ok" if held else "refused", {}
    chosen |= {"path": ids[step.path], "date": f"{local:%Y-%m-%d}", "time": f"{local:%H:%M}"}
    chosen |= {"sooner": "true"} if step.sooner else {}
    answer = await client.post("/scheduling/interviews/new", data=chosen, headers=HTML)
    if answer.status_code != 303:
        assert answer.status_code in (409, 422), answer.text
        return "refused", {}
    return "ok", {step.key: answer.headers["location"].rsplit("/", 1)[1].partition("?")[0]}
