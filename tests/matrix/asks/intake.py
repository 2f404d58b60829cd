"""The front desk: visits, visitors, and their links."""

from uuid import uuid4

from tests.matrix.asks.ask import Ask, Asks, new_key
from tests.matrix.guided import PIN

_PERSON = {"given_name": "Zoé", "family_name": "Test", "purposes": ["plan"]}
_HERE = {"centre": "liege"}

INTAKE: Asks = {
    "PUT /intake/api/v1/visits/{id}": lambda w, me: Ask(json=_HERE, at={"id": uuid4()}),
    "POST /intake/api/v1/visits": lambda w, me: Ask(json=_HERE, headers=new_key()),
    "GET /intake/api/v1/visits": lambda w, me: Ask(query=_HERE),
    "GET /intake/api/v1/visits/counts": lambda w, me: Ask(query=_HERE),
    "POST /intake/api/v1/visits/close-earlier": lambda w, me: Ask(json=_HERE),
    "POST /intake/desk/{centre}/close-earlier": lambda w, me: Ask(form={}),
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
    "POST /intake/l/{secret}": lambda w, me: Ask(form={"pin": PIN}),
    "POST /intake/visits/{id}/plan": lambda w, me: Ask(form={"pin": PIN}),
    "POST /intake/visits/{id}/link": lambda w, me: Ask(form={"link_id": uuid4()}),
    "POST /intake/visits/{id}/search": lambda w, me: Ask(form={"name": "Zo"}),
    "POST /intake/visits/{id}/person": lambda w, me: Ask(
        form={"subject_ref": w.liege["person"]}, at={"id": w.liege["walk-in"]}
    ),
    "POST /intake/visits/{id}/consents": lambda w, me: Ask(form={"purpose": "reminders"}),
    "POST /intake/visits/{id}/withdrawals": lambda w, me: Ask(form={"purpose": "reminders"}),
    "POST /intake/mine/consents": lambda w, me: Ask(form={"purpose": "reminders"}),
    "POST /intake/mine/withdrawals": lambda w, me: Ask(form={"purpose": "reminders"}),
    "POST /intake/visits/{id}": lambda w, me: Ask(form=_PERSON, at={"id": w.liege["walk-in"]}),
    "POST /intake/desk/{centre}/visits": lambda w, me: Ask(form={"visit_id": uuid4()}),
    "POST /intake/desk/{centre}/here": lambda w, me: Ask(form={"number": 1}),
    "POST /intake/desk/{centre}/call-next": lambda w, me: Ask(form={}),
    "POST /intake/visits/{id}/{step}": lambda w, me: Ask(
        form={"version": w.version("intake", w.liege["walk-in"])}, at={"id": w.liege["walk-in"]}
    ),
}
