"""The shared pages, and the public figures of impact."""

from tests.matrix.asks.ask import Ask, Asks

_PERIOD = {"from": "2026-01-01", "to": "2026-03-31"}

FRONT: Asks = {
    "POST /sign-in": lambda w, me: Ask(form={"account": "desk"}, done=(404,)),  # no demonstration, no such account
    "GET /sign-in/link": lambda w, me: Ask(done=(404,)),  # a link of the old kind is never valid
    "GET /health/ready": lambda w, me: Ask(done=(503,)),  # relay and consumer do not run here
    "GET /impact/api/v1/figures": lambda w, me: Ask(query=_PERIOD),
    "GET /impact/api/v1/figures.csv": lambda w, me: Ask(query=_PERIOD),
    "GET /contracts/{name}.json": lambda w, me: Ask(at={"name": "cefo.intake.visit-checked-in.v1"}),
}
