"""The front desk: visits, visitors, and their links."""

from datetime import timedelta
from uuid import UUID, uuid4

from services.contracts.public_booking import HELD_TIME, HeldTime
from services.contracts.queue import seat_appointment
from tests.matrix.asks.ask import Ask, Asks, new_key
from tests.matrix.guided import PIN
from tests.matrix.world import World

_PERSON = {"given_name": "Zoé", "family_name": "Test", "purposes": ["plan"]}
_HERE = {"centre": "liege"}
_TEXT = {"kind": "plan-tasks", "lang": "fr"}
_TEXTS = {"subject": "Bonjour", "body": "{centre}\n\n{link}\n\n{stop}", "sms": "{centre}\n{link}\n{stop}"}
_NO_ARRIVAL = {"visit_id": str(UUID(int=0))}
"""Nobody has arrived: to take it back changes nothing."""

_NOT_CLOSED = "2026-03-02T00:00:00+01:00"
"""No day was closed then."""


def _ticket(world: World) -> dict[str, str]:
    """The address of the ticket of one who waits."""
    return {"secret": world.process.signer.disguise("ticket", world.liege["walk-in"])}


def _presence(world: World) -> dict[str, str]:
    """The address that the screen of the workshop's session shows."""
    return {"secret": world.process.signer.seal("presence", {"session": world.liege["session"].hex})}


def _stop(world: World) -> dict[str, str]:
    """The address at which a person stops their messages."""
    return {"secret": world.process.signer.disguise("stop-messages", world.liege["person"])}


def _held_time(world: World) -> dict[str, str]:
    """A time that scheduling holds for a browser."""
    now = world.clock()
    held = HeldTime(
        hold_id=uuid4(),
        centre="liege",
        area="find-job",
        starts_at=now + timedelta(days=2),
        minutes=60,
        held_until=now + timedelta(minutes=5),
    )
    return {"time": world.process.signer.seal(HELD_TIME, held.model_dump(mode="json"))}


_BOOKS = {"given_name": "Zoé", "family_name": "Test", "contact": "zoe@example.org", "agreed": "true"}
_NOBODYS = {"secret": "nothing"}


def _appointment(world: World) -> dict[str, UUID]:
    """The place in this afternoon's workshop."""
    return {"id": seat_appointment(world.liege["session"], world.liege["seat"])}


INTAKE: Asks = {
    "PUT /intake/api/v1/visits/{id}": lambda w, me: Ask(json=_HERE, at={"id": uuid4()}),
    "POST /intake/api/v1/visits": lambda w, me: Ask(json=_HERE, headers=new_key()),
    "POST /intake/api/v1/visits/groups": lambda w, me: Ask(json=_HERE | {"people": 2}, headers=new_key()),
    "POST /intake/api/v1/check-ins/test-event": lambda w, me: Ask(query=_HERE, json={}),
    "POST /intake/api/v1/visits/{id}/area": lambda w, me: Ask(json={"area": "find-job"}, at={"id": w.liege["walk-in"]}),
    "POST /intake/visits/{id}/area": lambda w, me: Ask(
        form={"version": w.version("intake", w.liege["walk-in"])}, at={"id": w.liege["walk-in"]}
    ),
    "GET /intake/api/v1/appointments": lambda w, me: Ask(query=_HERE),
    "POST /intake/api/v1/appointments/arrivals": lambda w, me: Ask(json=_HERE | {"code": "0"}, done=(404,)),
    "POST /intake/api/v1/appointments/{id}/arrival": lambda w, me: Ask(at=_appointment(w)),
    "DELETE /intake/api/v1/appointments/{id}/arrival": lambda w, me: Ask(query=_NO_ARRIVAL, at=_appointment(w)),
    "POST /intake/appointments/{id}/arrive": lambda w, me: Ask(form={}, at=_appointment(w)),
    "POST /intake/appointments/{id}/undo": lambda w, me: Ask(form=_NO_ARRIVAL, at=_appointment(w)),
    "POST /intake/appointments/{id}/link": lambda w, me: Ask(
        form={"visit_id": str(w.liege["walk-in"])}, at=_appointment(w), done=(303, 409)
    ),
    "PUT /intake/api/v1/appointments/{id}/arrival": lambda w, me: Ask(
        json={"visit_id": str(w.liege["walk-in"])}, at=_appointment(w), done=(409,)
    ),
    "POST /intake/desk/{centre}/appointments": lambda w, me: Ask(form={"name": "Part"}),
    "GET /intake/api/v1/visits": lambda w, me: Ask(query=_HERE),
    "GET /intake/api/v1/day.csv": lambda w, me: Ask(query=_HERE | {"day": "2026-03-02"}),
    "GET /intake/api/v1/visits/counts": lambda w, me: Ask(query=_HERE),
    "GET /intake/api/v1/centres/{centre}/wait": lambda w, me: Ask(),
    "POST /intake/api/v1/visits/close-earlier": lambda w, me: Ask(json=_HERE),
    "POST /intake/desk/{centre}/close-earlier": lambda w, me: Ask(form={}),
    "POST /intake/api/v1/visits/close-today": lambda w, me: Ask(json=_HERE),
    "POST /intake/desk/{centre}/close-today": lambda w, me: Ask(form={}),
    "POST /intake/api/v1/visits/reopen-today": lambda w, me: Ask(json=_HERE | {"closed_at": _NOT_CLOSED}, done=(409,)),
    "POST /intake/desk/{centre}/reopen-today": lambda w, me: Ask(form={"closed_at": _NOT_CLOSED}, done=(409,)),
    "POST /intake/api/v1/visits/{id}/hold": lambda w, me: Ask(json={}, at={"id": w.liege["walk-in"]}),
    "POST /intake/api/v1/visits/{id}/return": lambda w, me: Ask(json={}, at={"id": w.liege["walk-in"]}, done=(409,)),
    "POST /intake/api/v1/visits/{id}/transfer": lambda w, me: Ask(json={}, at={"id": w.liege["walk-in"]}),
    "POST /intake/api/v1/visits/{id}/priority": lambda w, me: Ask(
        json={"priority": "appointment"}, at={"id": w.liege["walk-in"]}
    ),
    "POST /intake/api/v1/visits/{id}/needs": lambda w, me: Ask(
        json={"needs": ["wheelchair"]}, at={"id": w.liege["walk-in"]}
    ),
    "POST /intake/visits/{id}/needs": lambda w, me: Ask(
        form={"version": w.version("intake", w.liege["walk-in"])}, at={"id": w.liege["walk-in"]}
    ),
    "POST /intake/visits/{id}/transfer": lambda w, me: Ask(
        form={"area": "find-job", "version": w.version("intake", w.liege["walk-in"])}, at={"id": w.liege["walk-in"]}
    ),
    "POST /intake/visits/{id}/priority": lambda w, me: Ask(
        form={"version": w.version("intake", w.liege["walk-in"])}, at={"id": w.liege["walk-in"]}
    ),
    "POST /intake/api/v1/visits/call-next": lambda w, me: Ask(json=_HERE | {"desk": "desk-1"}),
    "POST /intake/api/v1/visits/{id}/call": lambda w, me: Ask(json={"desk": "desk-1"}, at={"id": w.liege["walk-in"]}),
    "POST /intake/api/v1/visits/{id}/serve": lambda w, me: Ask(json={}, at={"id": w.liege["walk-in"]}),
    "POST /intake/api/v1/visits/{id}/finish": lambda w, me: Ask(json={}, at={"id": w.liege["in interview"]}),
    "POST /intake/api/v1/visits/{id}/leave": lambda w, me: Ask(json={}, at={"id": w.liege["walk-in"]}),
    "POST /intake/api/v1/visits/{id}/visitor": lambda w, me: Ask(json=_PERSON, at={"id": w.liege["walk-in"]}),
    "POST /intake/api/v1/visitors/{subject_ref}/link": lambda w, me: Ask(headers=new_key()),
    "POST /intake/api/v1/visitors/{subject_ref}/consents": lambda w, me: Ask(json={"purposes": ["reminders"]}),
    "POST /intake/api/v1/visitors/{subject_ref}/withdrawals": lambda w, me: Ask(json={"purposes": ["reminders"]}),
    "POST /intake/visitors/{subject_ref}/prolong": lambda w, me: Ask(form={}),
    "POST /intake/visitors/{subject_ref}/erase": lambda w, me: Ask(form={}),
    "POST /intake/api/v1/visits/import": lambda w, me: Ask(
        lines={
            "visit_id": str(uuid4()),
            "centre": "liege",
            "checked_in_at": "2017-03-27T09:05:00+02:00",
            "status": "no_queue",
        }
    ),
    "POST /intake/api/v1/devices/{id}/replay": lambda w, me: Ask(
        json={"device_now": "2026-03-02T09:00:00+01:00", "entries": []}, done=(401,)
    ),
    "POST /intake/desk/{centre}/device": lambda w, me: Ask(json={"device_id": str(uuid4())}),
    "POST /intake/kiosk/{centre}/device": lambda w, me: Ask(json={"device_id": str(uuid4())}),
    "POST /intake/devices/{id}/revoke": lambda w, me: Ask(form={}),
    "GET /intake/stop/{secret}": lambda w, me: Ask(at=_stop(w)),
    "POST /intake/stop/{secret}": lambda w, me: Ask(at=_stop(w), form={"List-Unsubscribe": "One-Click"}),
    "GET /intake/book": lambda w, me: Ask(query=_held_time(w)),
    "POST /intake/book": lambda w, me: Ask(query=_held_time(w), form=_BOOKS),
    "GET /intake/book/sent": lambda w, me: Ask(query=_held_time(w)),
    "GET /intake/confirm/{secret}": lambda w, me: Ask(at=_NOBODYS, done=(404,)),
    "POST /intake/confirm/{secret}": lambda w, me: Ask(at=_NOBODYS, form={}, done=(404,)),
    "POST /intake/book/page/{secret}": lambda w, me: Ask(at=_NOBODYS, form={}, done=(404,)),
    "GET /intake/t/{secret}": lambda w, me: Ask(at=_ticket(w)),
    "GET /intake/t/{secret}/stream": lambda w, me: Ask(at=_ticket(w)),
    "GET /intake/mine/here/{secret}": lambda w, me: Ask(at=_presence(w)),
    "POST /intake/mine/here/{secret}": lambda w, me: Ask(form={}, at=_presence(w), done=(200, 422)),
    "GET /intake/sessions/{id}/code": lambda w, me: Ask(at={"id": w.liege["session"]}),
    "GET /intake/sessions/{id}/code/part": lambda w, me: Ask(at={"id": w.liege["session"]}),
    "POST /intake/l/{secret}": lambda w, me: Ask(form={"pin": PIN}),
    "POST /intake/visits/{id}/plan": lambda w, me: Ask(form={"pin": PIN}),
    "POST /intake/visits/{id}/link": lambda w, me: Ask(form={}),
    "POST /intake/visits/{id}/search": lambda w, me: Ask(form={"name": "Zo"}),
    "POST /intake/visits/{id}/person": lambda w, me: Ask(
        form={"subject_ref": w.liege["person"]}, at={"id": w.liege["walk-in"]}
    ),
    "POST /intake/visits/{id}/person/undo": lambda w, me: Ask(
        form={"subject_ref": w.liege["person"]}, at={"id": w.liege["walk-in"]}
    ),
    "POST /intake/api/v1/messages/bounces": lambda w, me: Ask(json={"message": str(uuid4()), "status": "5.1.1"}),
    "GET /intake/message-texts/{kind}/{lang}": lambda w, me: Ask(at=_TEXT),
    "POST /intake/message-texts/{kind}/{lang}": lambda w, me: Ask(at=_TEXT, form=_TEXTS),
    "POST /intake/message-texts/{kind}/{lang}/reset": lambda w, me: Ask(at=_TEXT, form={"version": "0"}),
    "POST /intake/people": lambda w, me: Ask(form={"name": "Zo"}),
    "POST /intake/people/{subject_ref}": lambda w, me: Ask(form={"language": "de"}),
    "POST /intake/people/{subject_ref}/consents": lambda w, me: Ask(form={"purpose": "reminders"}),
    "POST /intake/people/{subject_ref}/withdrawals": lambda w, me: Ask(form={"purpose": "reminders"}),
    "POST /intake/api/v1/visitors/{subject_ref}/merge": lambda w, me: Ask(json={"kept": w.liege["participant"]}),
    "POST /intake/people/{subject_ref}/merge/search": lambda w, me: Ask(form={"name": "Zo"}),
    "POST /intake/people/{subject_ref}/merge/{other}": lambda w, me: Ask(form={"kept": w.liege["person"]}),
    "POST /intake/people/{subject_ref}/separate": lambda w, me: Ask(form={"alias": w.liege["participant"]}),
    "POST /intake/visits/{id}/consents": lambda w, me: Ask(form={"purpose": "reminders"}),
    "POST /intake/visits/{id}/withdrawals": lambda w, me: Ask(form={"purpose": "reminders"}),
    "POST /intake/mine/consents": lambda w, me: Ask(form={"purpose": "reminders"}),
    "POST /intake/mine/preferences": lambda w, me: Ask(form={"language": "de"}),
    "POST /intake/mine/withdrawals": lambda w, me: Ask(form={"purpose": "reminders"}),
    "POST /intake/visits/{id}": lambda w, me: Ask(form=_PERSON, at={"id": w.liege["walk-in"]}),
    "POST /intake/desk/{centre}/visits": lambda w, me: Ask(form={"visit_id": uuid4()}),
    "POST /intake/desk/{centre}/here": lambda w, me: Ask(form={"number": 1}),
    "POST /intake/desk/{centre}/call-next": lambda w, me: Ask(form={}),
    "POST /intake/visits/{id}/{step}": lambda w, me: Ask(
        form={"version": w.version("intake", w.liege["walk-in"])}, at={"id": w.liege["walk-in"]}
    ),
}
