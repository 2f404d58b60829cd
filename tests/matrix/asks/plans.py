"""Career plans, and their parts."""

from tests.matrix.asks.ask import Ask, Asks

_STEP = {"what": "Visiter un atelier"}
_REFLECTION = {"moment": "in-session", "text": "Un mot"}
_ACTION = {"title": "Écrire un courrier", "responsible": "visitor"}

PLANS: Asks = {
    "GET /plans/api/v1/plans": lambda w, me: Ask(query={"centre": "liege"}),
    "GET /plans/fragments/ready": lambda w, me: Ask(query={"centre": "liege"}),
    "PUT /plans/api/v1/plans/{id}/assessment/{dimension}": lambda w, me: Ask(json={"text": "Un mot"}),
    "POST /plans/api/v1/plans/{id}/information-steps": lambda w, me: Ask(json=_STEP),
    "PUT /plans/api/v1/plans/{id}/information-steps/{step_id}/result": lambda w, me: Ask(json={"result": "Un mot"}),
    "PUT /plans/api/v1/plans/{id}/information-steps/{step_id}/result (a step of Liège)": lambda w, me: Ask(
        json={"result": "Un mot"}, at={"id": me.side["plan"]}
    ),
    "POST /plans/api/v1/plans/{id}/reflections": lambda w, me: Ask(json=_REFLECTION),
    "POST /plans/api/v1/plans/{id}/goals": lambda w, me: Ask(json={"text": "Un but"}),
    "POST /plans/api/v1/plans/{id}/tracks": lambda w, me: Ask(
        json={"goal_id": str(w.liege["goal"]), "title": "Se former"}
    ),
    "POST /plans/api/v1/plans/{id}/tracks (a goal of Liège)": lambda w, me: Ask(
        json={"goal_id": str(w.liege["goal"]), "title": "Se former"}, at={"id": me.side["plan"]}
    ),
    "POST /plans/api/v1/plans/{id}/actions": lambda w, me: Ask(json=_ACTION | {"track_id": str(w.liege["track"])}),
    "POST /plans/api/v1/plans/{id}/actions (a track of Liège)": lambda w, me: Ask(
        json=_ACTION | {"track_id": str(w.liege["track"])}, at={"id": me.side["plan"]}
    ),
    "PUT /plans/api/v1/plans/{id}/actions/{action_id}/status": lambda w, me: Ask(json={"status": "done"}),
    "PUT /plans/api/v1/plans/{id}/actions/{action_id}/status (an action of Liège)": lambda w, me: Ask(
        json={"status": "done"}, at={"id": me.side["plan"]}
    ),
    "POST /plans/api/v1/plans/{id}/confirm": lambda w, me: Ask(json={}, done=(409,)),  # not complete yet
    "GET /plans/{id}/information-steps/{step_id} (a step of Liège)": lambda w, me: Ask(at={"id": me.side["plan"]}),
    "GET /plans/{id}/tracks/{track_id}/actions (a track of Liège)": lambda w, me: Ask(at={"id": me.side["plan"]}),
    "POST /plans/{id}/assessment/{dimension}": lambda w, me: Ask(form={"text": "Un mot"}),
    "POST /plans/{id}/information-steps/{step_id}": lambda w, me: Ask(form={"result": "Un mot"}),
    "POST /plans/{id}/tracks/{track_id}/actions": lambda w, me: Ask(form=_ACTION),
    "POST /plans/{id}/information-steps": lambda w, me: Ask(form=_STEP),
    "POST /plans/{id}/reflections": lambda w, me: Ask(form=_REFLECTION),
    "POST /plans/{id}/goals": lambda w, me: Ask(form={"goal": "Un but"}),
    "POST /plans/{id}/tracks": lambda w, me: Ask(form={"goal_id": w.liege["goal"], "title": "Se former"}),
    "POST /plans/{id}/actions/{action_id}/status": lambda w, me: Ask(form={"status": "done"}),
    "POST /plans/{id}/confirm": lambda w, me: Ask(form={}, done=(422,)),
}
