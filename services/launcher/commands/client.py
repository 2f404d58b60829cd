"""The commands' HTTP client of a running platform."""

import getpass
import os
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import httpx2
import orjson

from services.chassis.identity.people import Person
from services.chassis.identity.tokens import signer
from services.contracts.roles import Role
from services.launcher.errors import Refusal
from services.launcher.service_settings import settings_of_command
from services.launcher.trust import tls_verify


def local_token(data: Path, role: str = "operator", centres: list[str] | None = None) -> str:
    """A token made with this machine's key. Raises `Refusal` for a role that does not exist.

    Each has an identity of its own, so that no two readers have the same `partner_ref` or `Idempotency-Key`. It begins
    with the login of who runs the command, for the logs of exports and of what else is noted.
    """
    if role not in list(Role):
        raise Refusal(f"Ce rôle n’existe pas : {role}. Rôles possibles : {', '.join(Role)}.")
    subject = f"machine/{role}/{_login()}/{uuid4()}"
    person = Person(subject=subject, name=role, roles=frozenset({Role(role)}), centres=frozenset(centres or ()))
    return signer(settings_of_command(data)).session(person)


def _login() -> str:
    """The login of this process, as far as it is a plain word. Who has the key can change it: it is no proof."""
    try:
        login = getpass.getuser()
    except (KeyError, OSError):
        login = f"uid-{os.getuid()}"  # a container has no list of users
    return re.sub(r"[^A-Za-z0-9._-]", "-", login)[:32]


PATIENCE = 600.0
"""Seconds that a command waits for an answer: an import's takes long."""


class TooLate(Refusal):
    """The platform took the request, and did not answer in time."""


def get(
    url: str,
    path: str,
    query: dict[str, Any],
    token: str = "",
    accept: tuple[int, ...] = (200,),
    *,
    seconds: float = PATIENCE,
) -> Any:
    """The JSON response. Raises `Refusal`; `TooLate` if there is none within `seconds`."""
    return _request("GET", url, path, token, accept, params=query, timeout=seconds)


def post(url: str, path: str, body: dict[str, Any], token: str, accept: tuple[int, ...] = (200, 201)) -> Any:
    """The JSON response. Raises `Refusal`."""
    return _request("POST", url, path, token, accept, json=body)


def delete(url: str, path: str, query: dict[str, Any], token: str) -> None:
    """Send a DELETE. Raises `Refusal`."""
    _request("DELETE", url, quote(path), token, (204,), params=query)


@cache
def _client(scheme: str) -> httpx2.Client:
    """One client for all requests of a command.

    Each request opens its own connection, so that none reuses one that a restarted platform has closed.
    """
    none_kept = httpx2.Limits(max_keepalive_connections=0)
    return httpx2.Client(timeout=PATIENCE, trust_env=False, verify=tls_verify(f"{scheme}:"), limits=none_kept)


def _request(method: str, url: str, path: str, token: str, accept: tuple[int, ...], **more: Any) -> Any:
    headers = {"Accept-Language": "fr", "Idempotency-Key": str(uuid4())}
    headers |= {"Authorization": f"Bearer {token}"} if token else {}
    try:
        answer = _client(urlsplit(url).scheme).request(method, url.rstrip("/") + path, headers=headers, **more)
    except httpx2.HTTPError as error:
        refusal = TooLate if isinstance(error, httpx2.ReadTimeout) else Refusal
        raise refusal(f"{url} ne répond pas ({error}). La plateforme tourne-t-elle ? `make run` la démarre.") from error
    if answer.status_code not in accept:
        raise Refusal(_error_text(answer))
    return answer.json() if answer.content and "json" in answer.headers.get("content-type", "") else answer.content


def _error_text(answer: httpx2.Response) -> str:
    if answer.status_code == 401:
        return (
            "401 Le jeton n’est pas accepté. Indiquez le dossier de la plateforme (`--data`) ou un jeton (`--token`)."
        )
    try:
        return f"{answer.status_code} {answer.json()['detail']}"
    except (ValueError, KeyError):
        return f"{answer.status_code} {answer.text[:200]}"


def send_file(target: str, token: str, kind: str, chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Send a file, or lines of one, to an import. Yields the lines of its response. Raises `Refusal`."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": kind, "Accept-Language": "fr"}
    try:
        answer = _client(urlsplit(target).scheme).post(target, content=chunks, headers=headers)
    except httpx2.HTTPError as error:
        raise Refusal(
            f"{target} ne répond pas ({error}). Relancez l’import : les lignes déjà importées ne comptent qu’une fois."
        ) from error
    if answer.status_code != 200:
        raise Refusal(_error_text(answer))
    for line in answer.content.splitlines():
        yield orjson.loads(line)
