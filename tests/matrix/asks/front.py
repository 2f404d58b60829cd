"""The shared pages."""

from tests.matrix.asks.ask import Ask, Asks

FRONT: Asks = {
    "POST /sign-in": lambda w, me: Ask(form={"account": "desk"}, done=(404,)),  # no demonstration, no such account
    "GET /sign-in/link": lambda w, me: Ask(done=(404,)),  # a link of the old kind is never valid
    "GET /health/ready": lambda w, me: Ask(done=(503,)),  # relay and consumer do not run here
    "GET /contracts/{name}.json": lambda w, me: Ask(at={"name": "cefo.intake.visit-checked-in.v1"}),
}
