"""Counsellors: interviews, paths, workshops."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from tests.matrix.asks.ask import Ask, Asks, Caller
from tests.matrix.guided import code_of
from tests.matrix.world import World

_HERE = {"centre": "liege"}
_TODAY = {"centre": "liege", "date": "2026-03-02"}
_LATER = "2026-03-04T10:00:00+01:00"
_TOMORROW = "2026-03-03T10:00:00+01:00"
_LATER_FORM = {"date": "2026-03-04", "time": "10:00", "minutes": 60}
_SOONER = {"sooner": True}
"""The path has other interviews in the same week."""


def _seen(world: World, thing: str, **more: Any) -> dict[str, Any]:
    """A form that names the version that its page showed."""
    return {"version": world.version("scheduling", world.liege[thing])} | more


def _a_room(world: World) -> dict[str, Any]:
    return _HERE | {"id": world.liege["room"]}


_RULES = {"horizon_days": 365, "notice_hours": 0, "visitor_notice_hours": 24}
_FAR, _FAR_END = "2026-07-06T00:00:00+02:00", "2026-07-07T00:00:00+02:00"
_MORNINGS = {"starts_on": "2026-01-01", "rrule": "FREQ=WEEKLY;BYDAY=MO,TU", "begins": "08:00", "ends": "12:00"}
_CALENDAR = {"address": "https://calendar.example.org/private-7f3a.ics"}
_SATURDAYS = {"weekdays": ["SA"], "begins": "09:00", "ends": "12:00", "starts_on": "2026-01-03", "until": "2026-01-31"}
"""They are over: the counsellor works at all hours now."""
_ROW = _HERE | {"row": 0, "version": 1}


def _a_counsellor(world: World) -> dict[str, Any]:
    return {"code": code_of(world.liege)}


def _next_page(part: str, behind: str) -> Callable[[World, Caller], Ask]:
    """A part of the to-do, behind one of Liège’s things."""
    return lambda w, me: Ask(at=_a_counsellor(w) | {"part": part}, query=_HERE | {"after": w.liege[behind]})


def _an_absence(world: World) -> dict[str, Any]:
    return _a_counsellor(world) | {"id": world.liege["absence"]}


def _workshop(centre: str, counsellor: str) -> dict[str, Any]:
    sessions = [{"starts_at": _LATER, "minutes": 60}]
    return {"centre": centre, "title": "Un atelier", "counsellor": counsellor, "seats": 8, "sessions": sessions}


def _cancelled(world: World, me: Caller) -> Ask:
    body = {"cancelled_by": "visitor", "reason": "other"}
    return Ask(json=body, at={"id": world.liege["tomorrow"]})


SCHEDULING: Asks = {
    "GET /scheduling/api/v1/waiting": lambda w, me: Ask(query=_HERE),
    "GET /scheduling/api/v1/waiting/stream": lambda w, me: Ask(query=_HERE),
    "GET /scheduling/": lambda w, me: Ask(query=_HERE),
    "GET /scheduling/board/stream": lambda w, me: Ask(query=_HERE),
    "GET /scheduling/queue": lambda w, me: Ask(query=_HERE),
    "GET /scheduling/agenda": lambda w, me: Ask(query=_TODAY),
    "GET /scheduling/agenda (the day of a centre)": lambda w, me: Ask(query=_TODAY | {"counsellor": "*"}),
    "GET /scheduling/agenda (a week of a room)": lambda w, me: Ask(query=_TODAY | {"view": "week", "room": "liege-r1"}),
    "GET /scheduling/agenda (a month of a centre)": lambda w, me: Ask(
        query=_TODAY | {"view": "month", "counsellor": "*"}
    ),
    "GET /scheduling/agenda/stream": lambda w, me: Ask(query=_TODAY),
    "GET /scheduling/agenda (of a counsellor of Liège)": lambda w, me: Ask(
        query=_TODAY | {"centre": me.side.centre, "counsellor": code_of(w.liege)}
    ),
    "GET /scheduling/api/v1/interviews": lambda w, me: Ask(query=_TODAY),
    "GET /scheduling/api/v1/interviews (after one of Liège)": lambda w, me: Ask(
        query=_TODAY | {"centre": me.side.centre, "after": w.liege["held"]}
    ),
    "GET /scheduling/api/v1/slots": lambda w, me: Ask(query=_HERE | {"counsellor": code_of(w.liege)}),
    "GET /scheduling/api/v1/slots (of a counsellor of Liège)": lambda w, me: Ask(
        query={"centre": me.side.centre, "counsellor": code_of(w.liege)}
    ),
    "GET /scheduling/api/v1/workshops": lambda w, me: Ask(query=_HERE),
    "GET /scheduling/api/v1/workshops (after one of Liège)": lambda w, me: Ask(
        query={"centre": me.side.centre, "after": w.liege["workshop"]}
    ),
    "GET /scheduling/to-do": lambda w, me: Ask(query=_HERE),
    "GET /scheduling/to-do/stream": lambda w, me: Ask(query=_HERE),
    "GET /scheduling/to-do/{part}": lambda w, me: Ask(at={"part": "paths"}, query=_HERE),
    "GET /scheduling/api/v1/counsellors/{code}/to-do": lambda w, me: Ask(at=_a_counsellor(w), query=_HERE),
    "GET /scheduling/api/v1/counsellors/{code}/to-do/{part}": lambda w, me: Ask(
        at=_a_counsellor(w) | {"part": "waiting"}, query=_HERE
    ),
    **{
        f"GET /scheduling/api/v1/counsellors/{{code}}/to-do/{{part}} ({part}, the next page)": _next_page(part, behind)
        for part, behind in (
            *(("today", "held"), ("left-over", "held"), ("final-interviews", "path")),
            *(("paths", "path"), ("open-paths", "path"), ("offers", "seat")),
        )
    },
    "GET /scheduling/final-interviews": lambda w, me: Ask(query=_HERE),
    "GET /scheduling/api/v1/paths/due": lambda w, me: Ask(query=_HERE),
    "GET /scheduling/api/v1/paths/due (booked)": lambda w, me: Ask(query=_HERE | {"booked": "true", "counsellor": "x"}),
    "POST /scheduling/api/v1/paths": lambda w, me: Ask(json=_HERE | {"subject_ref": w.liege["participant"]}),
    "POST /scheduling/api/v1/workshops": lambda w, me: Ask(json=_workshop("liege", code_of(w.liege))),
    "POST /scheduling/api/v1/workshops (with a counsellor of Liège)": lambda w, me: Ask(
        json=_workshop(me.side.centre, code_of(w.liege))
    ),
    "GET /scheduling/free-times": lambda w, me: Ask(query=_HERE),
    "POST /scheduling/free-times": lambda w, me: Ask(
        form=_HERE | {"starts_at": _LATER, "minutes": 60, "counsellor": code_of(w.liege)}
    ),
    "GET /scheduling/interviews/new": lambda w, me: Ask(query=_HERE),
    "GET /scheduling/interviews/new (for a person of Liège)": lambda w, me: Ask(
        query={"centre": me.side.centre, "person": w.liege["participant"]}
    ),
    "POST /scheduling/interviews/new": lambda w, me: Ask(
        form=_HERE | _LATER_FORM | {"person": w.liege["participant"], "counsellor": code_of(w.liege)}
    ),
    "POST /scheduling/interviews/new (for a person on a path at Liège)": lambda w, me: Ask(
        form=_LATER_FORM
        | {"sooner": "true"}
        | {"centre": me.side.centre, "person": w.liege["person"], "counsellor": code_of(me.side), "room": ""}
    ),
    "GET /scheduling/workshops": lambda w, me: Ask(query=_HERE),
    "GET /scheduling/workshops/new": lambda w, me: Ask(query=_HERE),
    "POST /scheduling/workshops/new": lambda w, me: Ask(
        form=_HERE | _LATER_FORM | {"title": "Un atelier", "counsellor": code_of(w.liege), "seats": 8}
    ),
    "POST /scheduling/api/v1/interviews/information": lambda w, me: Ask(json={"visit_id": w.liege["walk-in"]}),
    "POST /scheduling/api/v1/paths/{id}/give-up": lambda w, me: Ask(json={}, done=(409,)),  # interviews are booked
    "POST /scheduling/api/v1/paths/{id}/reopen": lambda w, me: Ask(json={"reason": "other"}, done=(409,)),  # it is open
    "POST /scheduling/api/v1/interviews": lambda w, me: Ask(
        json=_SOONER | {"path_id": w.liege["path"], "counsellor": code_of(me.side), "starts_at": _LATER, "minutes": 60}
    ),
    "POST /scheduling/api/v1/interviews (with a counsellor of Liège)": lambda w, me: Ask(
        json=_SOONER | {"path_id": me.side["path"], "counsellor": code_of(w.liege), "starts_at": _LATER, "minutes": 60}
    ),
    "POST /scheduling/api/v1/interviews/{id}/move": lambda w, me: Ask(
        json={"starts_at": _LATER}, at={"id": w.liege["tomorrow"]}
    ),
    "GET /scheduling/api/v1/interviews/{id}/earlier": lambda w, me: Ask(at={"id": w.liege["tomorrow"]}),
    "POST /scheduling/api/v1/interviews/{id}/earlier": lambda w, me: Ask(  # no day is left before it
        json={}, at={"id": w.liege["tomorrow"]}, done=(409,)
    ),
    "POST /scheduling/api/v1/interviews/{id}/earlier/leave": lambda w, me: Ask(at={"id": w.liege["tomorrow"]}),
    "POST /scheduling/api/v1/interviews/{id}/earlier/{offer_id}/{answer}": lambda w, me: Ask(
        at={"id": w.liege["tomorrow"], "offer_id": w.liege["offer"], "answer": "accept"}, done=(409,)
    ),
    "POST /scheduling/interviews/{id}/earlier": lambda w, me: Ask(
        form={"half": "", "language": ""}, at={"id": w.liege["tomorrow"]}, done=(409,)
    ),
    "POST /scheduling/interviews/{id}/earlier/leave": lambda w, me: Ask(at={"id": w.liege["tomorrow"]}),
    "POST /scheduling/interviews/{id}/earlier/{offer_id}/{answer}": lambda w, me: Ask(
        at={"id": w.liege["tomorrow"], "offer_id": w.liege["offer"], "answer": "decline"}
    ),
    "POST /scheduling/api/v1/interviews/{id}/cancel": _cancelled,
    "POST /scheduling/api/v1/interviews/{id}/start": lambda w, me: Ask(json={}, done=(409,)),
    "POST /scheduling/api/v1/interviews/{id}/undo-start": lambda w, me: Ask(json={}, done=(409,)),
    "POST /scheduling/api/v1/interviews/{id}/missed": lambda w, me: Ask(json={}, done=(200, 409)),
    "POST /scheduling/api/v1/interviews/{id}/undo-missed": lambda w, me: Ask(json={}, done=(200, 409)),
    "POST /scheduling/api/v1/interviews/{id}/hold": lambda w, me: Ask(json={}),
    "POST /scheduling/api/v1/interviews/{id}/undo-hold": lambda w, me: Ask(json={}, done=(200, 409)),
    "PUT /scheduling/api/v1/interviews/{id}/outcome": lambda w, me: Ask(json={"outcome": {}}, done=(200, 409)),
    "POST /scheduling/api/v1/waiting/next": lambda w, me: Ask(json=_HERE, done=(201, 409)),
    "POST /scheduling/next": lambda w, me: Ask(form=_HERE, done=(303, 409)),
    "POST /scheduling/api/v1/workshops/{id}/seats": lambda w, me: Ask(json={"subject_ref": w.liege["person"]}),
    "POST /scheduling/api/v1/workshops/{id}/seats/{seat_id}/release": lambda w, me: Ask(
        json={"cancelled_by": "visitor"}
    ),
    "POST /scheduling/api/v1/workshops/{id}/seats/{seat_id}/release (a seat of Liège)": lambda w, me: Ask(
        json={"cancelled_by": "visitor"}, at={"id": me.side["workshop"]}
    ),
    "PUT /scheduling/api/v1/workshops/{id}": lambda w, me: Ask(
        json={name: value for name, value in _workshop("liege", code_of(w.liege)).items() if name != "centre"},
        done=(409,),  # a session that has begun stays
    ),
    "POST /scheduling/api/v1/workshops/{id}/publication": lambda w, me: Ask(json={"published": False}),
    "POST /scheduling/api/v1/workshops/{id}/seats/{seat_id}/{answer}": lambda w, me: Ask(
        json={}, at={"answer": "accept"}
    ),
    "POST /scheduling/api/v1/workshops/{id}/cancel": lambda w, me: Ask(json={"reason": "other"}),
    "POST /scheduling/api/v1/workshops/{id}/sessions/{session_id}/attendance": lambda w, me: Ask(
        json={"came": [str(w.liege["seat"])]}
    ),
    "POST /scheduling/api/v1/workshops/{id}/sessions/{session_id}/attendance (a session of Liège)": lambda w, me: Ask(
        json={"came": []}, at={"id": me.side["workshop"]}
    ),
    "POST /scheduling/interviews/{id}/finish": lambda w, me: Ask(
        form=_seen(w, "running"), at={"id": w.liege["running"]}
    ),
    "POST /scheduling/interviews/{id}/undo-hold": lambda w, me: Ask(
        form=_seen(w, "running"), at={"id": w.liege["running"]}
    ),
    "POST /scheduling/interviews/{id}/outcome": lambda w, me: Ask(
        form=_seen(w, "begun", next_step="none"), done=(303, 422)
    ),
    "POST /scheduling/interviews/{id}/undo": lambda w, me: Ask(form=_seen(w, "running"), at={"id": w.liege["running"]}),
    "POST /scheduling/interviews/{id}/start": lambda w, me: Ask(form=_seen(w, "begun"), done=(303, 409)),
    "POST /scheduling/interviews/{id}/hold": lambda w, me: Ask(form=_seen(w, "begun")),
    "POST /scheduling/interviews/{id}/missed": lambda w, me: Ask(form=_seen(w, "begun"), done=(303, 409)),
    "POST /scheduling/interviews/{id}/undo-missed": lambda w, me: Ask(form=_seen(w, "begun"), done=(303, 409)),
    "POST /scheduling/interviews/{id}/cancel": lambda w, me: Ask(
        form=_seen(w, "tomorrow", cancelled_by="visitor"), at={"id": w.liege["tomorrow"]}
    ),
    "POST /scheduling/paths/{id}/give-up": lambda w, me: Ask(form={"version": 1}, done=(303, 422)),
    "POST /scheduling/paths/{id}/book": lambda w, me: Ask(
        form={"starts_at": _LATER, "minutes": 60, "counsellor": code_of(w.liege)}, done=(303, 422)
    ),
    "POST /scheduling/paths/{id}/reopen": lambda w, me: Ask(form={"version": 1, "reason": "other"}, done=(422,)),
    "POST /scheduling/interviews/{id}/move": lambda w, me: Ask(
        form=_LATER_FORM | _seen(w, "tomorrow", counsellor=code_of(w.liege)), at={"id": w.liege["tomorrow"]}
    ),
    "POST /scheduling/workshops/{id}/cancel": lambda w, me: Ask(form=_seen(w, "workshop")),
    "POST /scheduling/workshops/{id}/publish": lambda w, me: Ask(form=_seen(w, "workshop", published="false")),
    "POST /scheduling/workshops/{id}/edit": lambda w, me: Ask(form=_seen(w, "workshop", do="add"), done=(200,)),
    "POST /scheduling/workshops/{id}/seats": lambda w, me: Ask(form={"person": w.liege["person"]}),
    "POST /scheduling/workshops/{id}/seats/{seat_id}/release": lambda w, me: Ask(form={"cancelled_by": "visitor"}),
    "POST /scheduling/workshops/{id}/seats/{seat_id}/{answer}": lambda w, me: Ask(form={}, at={"answer": "accept"}),
    "POST /scheduling/workshops/{id}/sessions/{session_id}": lambda w, me: Ask(form={"came": [w.liege["seat"]]}),
    "GET /scheduling/api/v1/counsellors": lambda w, me: Ask(query=_HERE),
    "GET /scheduling/api/v1/counsellors/{code}": lambda w, me: Ask(at=_a_counsellor(w)),
    "PUT /scheduling/api/v1/counsellors/{code}": lambda w, me: Ask(
        at=_a_counsellor(w), json={"languages": ["fr", "nl"], "areas": []}
    ),
    "PUT /scheduling/api/v1/counsellors/{code}/hours/{centre}": lambda w, me: Ask(
        at=_a_counsellor(w) | _HERE, json={"rows": [_MORNINGS]}
    ),
    "POST /scheduling/api/v1/counsellors/{code}/absences": lambda w, me: Ask(
        at=_a_counsellor(w), json={"starts_at": _FAR, "ends_at": _FAR_END}
    ),
    "DELETE /scheduling/api/v1/counsellors/{code}/absences/{id}": lambda w, me: Ask(at=_an_absence(w)),
    "GET /scheduling/counsellors/{code}": lambda w, me: Ask(at=_a_counsellor(w)),
    "POST /scheduling/counsellors/{code}/hours": lambda w, me: Ask(
        at=_a_counsellor(w),
        form=_HERE | _SATURDAYS | {"version": 1},
    ),
    "POST /scheduling/counsellors/{code}/hours/change": lambda w, me: Ask(at=_a_counsellor(w), form=_ROW | _SATURDAYS),
    "POST /scheduling/counsellors/{code}/hours/restore": lambda w, me: Ask(
        at=_a_counsellor(w), form=_ROW | {"day": "2026-05-04"}
    ),
    "POST /scheduling/counsellors/{code}/hours/days": lambda w, me: Ask(
        at=_a_counsellor(w), form=_HERE | {"first_changed": "2026-05-04", "which": "none", "version": 1}
    ),
    "POST /scheduling/counsellors/{code}/hours/days/remove": lambda w, me: Ask(at=_a_counsellor(w), form=_ROW),
    "POST /scheduling/counsellors/{code}/hours/remove": lambda w, me: Ask(at=_a_counsellor(w), form=_ROW),
    "POST /scheduling/counsellors/{code}/hours/except": lambda w, me: Ask(
        at=_a_counsellor(w), form=_ROW | {"day": "2026-05-04"}
    ),
    "POST /scheduling/counsellors/{code}/absences": lambda w, me: Ask(
        at=_a_counsellor(w), form={"first_day": "2026-09-07", "last_day": "2026-09-11"}
    ),
    "POST /scheduling/counsellors/{code}/absences/{id}/remove": lambda w, me: Ask(at=_an_absence(w)),
    "POST /scheduling/counsellors/{code}/profile": lambda w, me: Ask(
        at=_a_counsellor(w), form={"languages": ["fr"], "areas": [], "version": 0}
    ),
    "GET /scheduling/api/v1/counsellors/{code}/other-calendar": lambda w, me: Ask(at=_a_counsellor(w)),
    "PUT /scheduling/api/v1/counsellors/{code}/other-calendar": lambda w, me: Ask(at=_a_counsellor(w), json=_CALENDAR),
    "POST /scheduling/api/v1/counsellors/{code}/other-calendar/read": lambda w, me: Ask(at=_a_counsellor(w)),
    "DELETE /scheduling/api/v1/counsellors/{code}/other-calendar": lambda w, me: Ask(at=_a_counsellor(w)),
    "POST /scheduling/counsellors/{code}/other-calendar": lambda w, me: Ask(at=_a_counsellor(w), form=_CALENDAR),
    "POST /scheduling/counsellors/{code}/other-calendar/read": lambda w, me: Ask(at=_a_counsellor(w)),
    "POST /scheduling/counsellors/{code}/other-calendar/remove": lambda w, me: Ask(at=_a_counsellor(w)),
    "GET /scheduling/centres/{centre}/book": lambda w, me: Ask(at=_HERE, query={"area": "find-job"}),
    "POST /scheduling/centres/{centre}/book": lambda w, me: Ask(
        at=_HERE, form={"area": "find-job", "starts_at": _LATER}
    ),
    "GET /scheduling/ics/{secret}": lambda w, me: Ask(at={"secret": "nothing.ics"}, done=(404,)),
    "POST /scheduling/counsellors/{code}/calendar": lambda w, me: Ask(at=_a_counsellor(w), form={"id": str(uuid4())}),
    "POST /scheduling/counsellors/{code}/calendar/end": lambda w, me: Ask(at=_a_counsellor(w)),
    "POST /scheduling/mine/calendar": lambda w, me: Ask(form={"id": str(uuid4())}),
    "POST /scheduling/confirmed/{token}": lambda w, me: Ask(at={"token": "nothing"}, form={}, done=(404,)),
    "GET /scheduling/confirmed/{token}": lambda w, me: Ask(at={"token": "nothing"}, done=(404,)),
    "GET /scheduling/api/v1/booking-rules/{centre}": lambda w, me: Ask(at=_HERE),
    "PUT /scheduling/api/v1/booking-rules/{centre}": lambda w, me: Ask(at=_HERE, json=_RULES),
    "GET /scheduling/rules/{centre}": lambda w, me: Ask(at=_HERE),
    "POST /scheduling/rules/{centre}": lambda w, me: Ask(at=_HERE, form=_RULES | {"version": 0}),
    "GET /scheduling/demand/{centre}": lambda w, me: Ask(at=_HERE),
    "GET /scheduling/api/v1/demand": lambda w, me: Ask(query=_HERE),
    "GET /scheduling/api/v1/demand.csv": lambda w, me: Ask(query=_HERE),
    "GET /scheduling/api/v1/rooms": lambda w, me: Ask(query=_HERE),
    "POST /scheduling/api/v1/rooms": lambda w, me: Ask(json=_HERE | {"name": f"Salle, {me.name}", "capacity": 8}),
    "PUT /scheduling/api/v1/rooms/{id}": lambda w, me: Ask(
        json={"name": "Salle rouge", "capacity": 20}, at={"id": w.liege["room"]}
    ),
    "POST /scheduling/api/v1/rooms/{id}/{use}": lambda w, me: Ask(
        json={}, at={"id": w.liege["room"], "use": "deactivate"}
    ),
    "GET /scheduling/rooms/{centre}": lambda w, me: Ask(at=_HERE),
    "POST /scheduling/rooms/{centre}": lambda w, me: Ask(
        at=_HERE, form={"name": f"Bureau, {me.name}", "capacity": "2"}
    ),
    "GET /scheduling/rooms/{centre}/{id}": lambda w, me: Ask(at=_a_room(w)),
    "POST /scheduling/rooms/{centre}/{id}": lambda w, me: Ask(
        at=_a_room(w), form=_seen(w, "room", name="Salle verte", capacity="20")
    ),
    "POST /scheduling/rooms/{centre}/{id}/{use}": lambda w, me: Ask(
        at=_a_room(w) | {"use": "activate"}, form=_seen(w, "room")
    ),
    "GET /scheduling/mine/interviews/{id}": lambda w, me: Ask(at={"id": w.liege["tomorrow"]}),
    "POST /scheduling/mine/interviews/{id}/cancel": lambda w, me: Ask(  # its notice has passed
        form={"reason": "", "seen": _TOMORROW}, at={"id": w.liege["tomorrow"]}, done=(409,)
    ),
    "POST /scheduling/mine/interviews/{id}/move": lambda w, me: Ask(
        form={"starts_at": _LATER, "seen": _TOMORROW}, at={"id": w.liege["tomorrow"]}, done=(409,)
    ),
    "GET /scheduling/mine/interviews/{id}/earlier": lambda w, me: Ask(at={"id": w.liege["tomorrow"]}),
    "POST /scheduling/mine/interviews/{id}/earlier": lambda w, me: Ask(  # no day is left before it
        form={"half": "", "language": ""}, at={"id": w.liege["tomorrow"]}, done=(409,)
    ),
    "POST /scheduling/mine/interviews/{id}/earlier/leave": lambda w, me: Ask(at={"id": w.liege["tomorrow"]}),
    "POST /scheduling/mine/earlier/{id}/accept": lambda w, me: Ask(at={"id": w.liege["offer"]}, done=(409,)),
    "POST /scheduling/mine/earlier/{id}/decline": lambda w, me: Ask(at={"id": w.liege["offer"]}),
    "POST /scheduling/mine/book": lambda w, me: Ask(form={"starts_at": _LATER, "language": ""}, done=(303, 409)),
    "POST /scheduling/mine/book/{id}": lambda w, me: Ask(at={"id": w.liege["tomorrow"]}),
    "GET /scheduling/mine/book/{id}": lambda w, me: Ask(at={"id": w.liege["tomorrow"]}),
    "GET /scheduling/mine/seats/{id}": lambda w, me: Ask(at={"id": w.liege["own seat"]}),
    "POST /scheduling/mine/seats/{id}/accept": lambda w, me: Ask(at={"id": w.liege["own seat"]}),
    "POST /scheduling/mine/seats/{id}/decline": lambda w, me: Ask(  # nothing is offered to who has a place
        at={"id": w.liege["own seat"]}, done=(409,)
    ),
    "POST /scheduling/mine/seats/{id}/wait": lambda w, me: Ask(at={"id": w.liege["own seat"]}),
    "POST /scheduling/mine/seats/{id}/leave": lambda w, me: Ask(at={"id": w.liege["own seat"]}, form={"reason": ""}),
    "POST /scheduling/api/v1/interviews/import": lambda w, me: Ask(
        lines={
            "interview_id": str(uuid4()),
            "kind": "information",
            "centre": "liege",
            "counsellor": code_of(w.liege),
            "starts_at": "2017-03-27T09:05:00+02:00",
            "minutes": 20,
            "status": "fulfilled",
        }
    ),
    "POST /scheduling/api/v1/workshops/import": lambda w, me: Ask(
        lines={
            "workshop_id": str(uuid4()),
            "centre": "liege",
            "title": "Un atelier",
            "counsellor": code_of(w.liege),
            "seats": 8,
            "sessions": [
                {"session_id": str(uuid4()), "starts_at": "2017-03-27T09:05:00+02:00", "minutes": 60},
            ],
            "participants": [],
        }
    ),
}
