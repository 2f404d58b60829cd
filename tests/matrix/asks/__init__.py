"""How each route is asked: its body and query, so that only the caller's rights decide the answer."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import UUID

import orjson

from tests.matrix.asks.ask import Ask, Caller
from tests.matrix.asks.directory import DIRECTORY
from tests.matrix.asks.every_service import EVERY_SERVICE
from tests.matrix.asks.front import FRONT
from tests.matrix.asks.impact import IMPACT
from tests.matrix.asks.intake import INTAKE
from tests.matrix.asks.plans import PLANS
from tests.matrix.asks.scheduling import SCHEDULING
from tests.matrix.table import route_of
from tests.matrix.world import World

__all__ = ["ASKS", "Request", "request_of"]

ASKS = {**FRONT, **INTAKE, **SCHEDULING, **PLANS, **DIRECTORY, **IMPACT, **EVERY_SERVICE}

NAMED = {
    "devices/{id}": "device",
    "visits/{id}": "visit",
    "visits/{visit_id}": "walk-in",
    "visitors/{subject_ref}": "person",
    "people/{subject_ref}": "person",
    "merge/{other}": "participant",
    "paths/{id}": "path",
    "paths/{path_id}": "path",
    "interviews/{id}": "begun",
    "workshops/{id}": "workshop",
    "seats/{seat_id}": "seat",
    "sessions/{session_id}": "session",
    "plans/{id}": "plan",
    "information-steps/{step_id}": "step",
    "tracks/{track_id}": "track",
    "actions/{action_id}": "action",
    "services/{id}": "service",
    "entry/{id}": "service",
    "organizations/{id}": "organization",
    "people/{account_id}": "teammate",
    "accounts/{id}": "colleague",
    "accounts/{account_ref}": "kiosk account",
    "tokens/{id}": "kiosk token",
    "referrals/{id}": "referral",
    "references/{referral_id}": "referral",
    "undirected/{id}": "unassigned",
    "undirected/{action_id}": "unassigned",
}
"""What of Liège a path names, by the part of the path before."""


class Request(NamedTuple):
    """A request. `done`: what those who get through are answered, where it is no success."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    done: tuple[int, ...]


def request_of(line: str, world: World, caller: str, service: str) -> Request:
    """The request of this caller for a line of a table. A variant without an entry is asked as its route."""
    method, path = route_of(line).replace("{service}", service).split(" ", 1)
    asked = (ASKS.get(line) or ASKS.get(route_of(line)) or _plainly)(world, Caller(caller, world.side_of(caller)))
    target = _path(path, world, service, asked.at)
    if asked.query:
        target += f"?{urlencode(asked.query)}"
    headers = {"accept": "application/json", **asked.headers}
    if caller in world.tokens:
        headers["authorization"] = f"Bearer {world.process.signer.sign(world.tokens[caller])}"
    kind, body = _body(asked)
    return Request(method, target, headers | kind, body, asked.done)


def _plainly(_world: World, _caller: Caller) -> Ask:
    """What needs neither body nor query."""
    return Ask()


def _body(asked: Ask) -> tuple[dict[str, str], bytes]:
    if asked.form is not None:
        return {"content-type": "application/x-www-form-urlencoded"}, urlencode(asked.form, doseq=True).encode()
    if asked.lines is not None:
        return {"content-type": "application/x-ndjson"}, orjson.dumps(asked.lines) + b"\n"
    return {"content-type": "application/json"}, b"" if asked.json is None else orjson.dumps(asked.json)


def _path(path: str, world: World, service: str, at: Mapping[str, str | UUID]) -> str:
    """The path with the things of Liège in it, or those that `at` names."""
    liege = world.liege
    usual = {
        "centre": liege.centre,
        "code": liege.centre,
        "secret": liege.secret,
        "dimension": "skills",
        "step": "call",
        "which": "waiting",
        "issuer": "unknown",
    }

    def value(found: re.Match[str]) -> str:
        before, name = found.group(1), found.group(2)
        if name in at:
            return f"{before}/{at[name]}"
        if before == "dead-letters":
            return f"{before}/{world.dead_letters[service]}"
        key = f"{before}/{{{name}}}"
        return f"{before}/{liege[NAMED[key]] if key in NAMED else usual[name]}"

    previous = ""
    while previous != path:
        previous, path = path, re.sub(r"([^/{}]+)/\{(\w+)\}", value, path, count=1)
    return path
