"""Machine tokens on a running platform, by the `cefo` command: used in every service, and revoked within seconds."""

import re
import time
from collections.abc import Generator

import httpx2
import pytest

from services.launcher.catalogue import NAMES
from tests.journeys.stacks import Stack, embedded, eventually
from tests.journeys.test_accounts import WITHIN, ends_everywhere, open_stream, statuses

VISITS = "/intake/api/v1/visits"


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    with embedded(tmp_path_factory.mktemp("tokens")) as stack:
        yield stack


def create(stack: Stack, *arguments: str) -> str:
    """The token alone is on standard output."""
    return stack.cefo("tokens", "create", *arguments, "--days", "30").strip()


def program(stack: Stack, token: str, scheme: str = "Bearer") -> httpx2.Client:
    client = stack.browse()
    client.headers["Authorization"] = f"{scheme} {token}"
    return client


def listed(stack: Stack, name: str) -> tuple[str, str]:
    """The id of this token, and its line."""
    [line] = [one for one in stack.cefo("tokens", "list").splitlines() if f" {name} " in one]
    return line.split()[0], line


def test_a_token_works_in_every_service_and_is_revoked_within_seconds(platform: Stack) -> None:
    assert "Aucun jeton" in platform.cefo("tokens", "list")
    job = program(platform, create(platform, "Tâche", "--role", "operator"), "bearer")
    eventually(lambda: statuses(job), lambda found: found == [200] * len(NAMES))
    cite = program(platform, create(platform, "Cité", "--role", "cite"))
    ended = list[float]()
    stream = open_stream(cite, ended)
    time.sleep(0.5)
    id, line = listed(platform, "Tâche")
    assert "valable · operator" in line
    of_cite, _line = listed(platform, "Cité")
    eventually(lambda: listed(platform, "Tâche")[1], lambda text: "dernier usage" in text)
    began = time.monotonic()
    assert "Jeton révoqué." in platform.cefo("tokens", "revoke", of_cite)
    stream.join(WITHIN + 5)
    assert ended[0] - began < WITHIN
    began = time.monotonic()
    platform.cefo("tokens", "revoke", id)
    ends_everywhere(job, began)
    assert "révoqué" in listed(platform, "Tâche")[1]


def test_two_desks_may_choose_the_same_idempotency_key_and_a_renewed_token_keeps_it(platform: Stack) -> None:
    first, second = (create(platform, f"Borne-{number}", "--device", "--centre", "liege") for number in (1, 2))
    renewed = platform.cefo("tokens", "create", "--renew", listed(platform, "Borne-1")[0], "--days", "60").strip()
    ids: list[str] = []
    for token in (first, second, renewed):
        desk = program(platform, token)
        answer = eventually(
            lambda desk=desk: desk.post(VISITS, json={"centre": "liege"}, headers={"Idempotency-Key": "1"}),
            lambda answer: answer.status_code == 201,
        )
        ids.append(answer.json()["id"])
        assert desk.post(VISITS, json={"centre": "namur"}, headers={"Idempotency-Key": "2"}).status_code == 403
    assert ids[0] == ids[2] != ids[1]


@pytest.mark.parametrize(
    "arguments", [("x", "--days", "401"), ("x", "--role", "manager", "--days", "1"), ("--days", "1")]
)
def test_what_is_wrong_is_refused_in_french(platform: Stack, arguments: tuple[str, ...]) -> None:
    with pytest.raises(AssertionError, match=re.compile(r"Choisissez|Donnez un nom", re.DOTALL)):
        platform.cefo("tokens", "create", *arguments, "--centre", "liege")
