"""Ways to send a value through a door, and how the answer is read."""

import csv
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

import httpx2

from services.chassis.identity.people import Person
from services.chassis.testing import Client
from tests.doors.inputs import Kind
from tests.givens.intake import OPERATOR

Ids = dict[str, str]
Body = dict[str, Any]


class Answer(NamedTuple):
    """How a door answered: status, and field, rule and message of the refusal. A page names nothing for machines."""

    status: int
    field: str | None
    rule: str | None
    message: str


@dataclass(frozen=True)
class Door:
    """A door. `field`: what a refusal names, None for a page."""

    what: str
    service: str
    kind: Kind
    person: Person
    field: str | None
    send: Callable[[Client, Any, Ids, str], Awaitable[Answer]]
    text_only: bool = False
    keeps: bool = False
    """The value is in the store afterwards."""
    once: bool = False
    """It is a parameter of an address or a field of a form, which may not be there twice."""


def put_into(body: Any, value: Any, ids: Ids) -> Any:
    """The body with the value in the place of `"{value}"`, and ids in their places."""
    match body:
        case "{value}":
            return value
        case str():
            return body.format(new=uuid4(), **{name: id for name, id in ids.items() if name != "new"})
        case dict():
            return {name: put_into(inner, value, ids) for name, inner in body.items()}  # pyright: ignore[reportUnknownVariableType]
        case list():
            return [put_into(inner, value, ids) for inner in body]  # pyright: ignore[reportUnknownVariableType]
        case _:
            return body


def in_json(what: str, kind: Kind, person: Person, method: str, path: str, field: str, body: Body) -> Door:
    """A field of a JSON body."""
    service = path.split("/")[1]

    async def send(client: Client, value: Any, ids: Ids, lang: str) -> Answer:
        content = json.dumps(put_into(body, value, ids | {"place": str(uuid4())}))
        headers = {"accept-language": lang, "content-type": "application/json"}
        return refusal_of(await client.request(method, put_into(path, value, ids), content=content, headers=headers))

    return Door(what, service, kind, person, field, send, keeps=True)


def in_query(what: str, kind: Kind, person: Person, path: str, field: str, *, page: bool = False, **more: str) -> Door:
    """A parameter of an address: of the API, or of a page."""

    async def send(client: Client, value: Any, ids: Ids, lang: str) -> Answer:
        headers = {"accept-language": lang} | ({"accept": "text/html"} if page else {})
        answer = await client.get(put_into(path, value, ids), params=more | {field: value}, headers=headers)
        return shown_by(answer) if page else refusal_of(answer)

    return Door(what, path.split("/")[1], kind, person, None if page else field, send, text_only=True, once=True)


def in_path(what: str, person: Person, path: str, field: str) -> Door:
    """A part of a path."""

    async def send(client: Client, value: Any, ids: Ids, lang: str) -> Answer:
        address = path.replace("{value}", quote(value, safe=""))
        return refusal_of(await client.get(address, headers={"accept-language": lang}))

    return Door(what, path.split("/")[1], "key", person, field, send, text_only=True)


def in_form(what: str, kind: Kind, person: Person, path: str, fields: dict[str, str]) -> Door:
    """A field of a page's form."""

    async def send(client: Client, value: Any, ids: Ids, lang: str) -> Answer:
        headers = {"accept-language": lang, "accept": "text/html"}
        data = put_into(fields, value, ids)
        answer = await client.post(put_into(path, value, ids), data=data, headers=headers)
        shown = shown_by(answer)
        return shown._replace(message=shown.message + client.flash(answer)) if answer.status_code == 303 else shown

    return Door(what, path.split("/")[1], kind, person, None, send, text_only=True, once=True)


def in_line(what: str, kind: Kind, service: str, of: str, field: str, line: Body, *, as_csv: bool = False) -> Door:
    """A field of an import line, in NDJSON or CSV."""

    async def send(client: Client, value: Any, ids: Ids, lang: str) -> Answer:
        record, headers = put_into(line, value, ids), {"accept-language": lang}
        content = json.dumps(record)
        if as_csv:
            headers["content-type"] = "text/csv"
            text = io.StringIO()
            csv.writer(text).writerows([record.keys(), record.values()])
            content = text.getvalue()
        answer = await client.post(f"/{service}/api/v1/{of}/import", content=content.encode(), headers=headers)
        return refused_line(answer)

    return Door(what, service, kind, OPERATOR, field, send, text_only=as_csv)


def refusal_of(answer: httpx2.Response) -> Answer:
    """The refusal in a problem document."""
    if answer.status_code < 400:
        return Answer(answer.status_code, None, None, "")
    problem = answer.json()
    if not problem.get("errors"):
        return Answer(answer.status_code, None, problem["type"], problem["detail"])
    fault = problem["errors"][0]
    return Answer(answer.status_code, fault["field"], fault["rule"], fault["message"])


def shown_by(answer: httpx2.Response) -> Answer:
    """What a page shows."""
    return Answer(answer.status_code, None, None, answer.text + answer.headers.get("set-cookie", ""))


def refused_line(answer: httpx2.Response) -> Answer:
    """The only refused line of an import, as a refusal of the whole."""
    lines = [json.loads(text) for text in answer.text.splitlines()] if answer.status_code == 200 else []
    if len(lines) != 2:
        return Answer(answer.status_code, None, None, answer.text)
    return Answer(422, lines[0]["field"], lines[0]["rule"], lines[0]["message"])
