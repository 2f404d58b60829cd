import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from services.chassis.identity.people import Person
from services.chassis.identity.tokens import AccountToken
from services.chassis.refusals import BodyTooLarge
from services.chassis.testing import Client, FixedClock, emitted, record_of
from services.contracts.accounts import AccountKind, AccountPublished, AccountStatus
from services.contracts.intake import SubjectErased, VisitCheckedIn
from tests.givens.intake import COUNSELLOR, LIEGE_DESK, NAMUR_DESK, OPERATOR, PROVIDER

VISITS = "/intake/api/v1/visits"


async def put(client: Client, visit: str = "", lang: str = "fr", **fields: object) -> httpx2.Response:
    body: dict[str, object] = {"centre": "liege", "area": "find-job", **fields}
    return await client.put(f"{VISITS}/{visit or uuid4()}", json=body, headers={"accept-language": lang})


async def check_in(client: Client) -> str:
    answer = await put(client)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"]


def fault(answer: httpx2.Response) -> tuple[int, str, str]:
    """Status, field and rule of a refusal that is about one field."""
    (one,) = answer.json()["errors"]
    return answer.status_code, one["field"], one["rule"]


async def test_the_same_put_is_one_visit(client: Client) -> None:
    visit = str(uuid4())
    first, again = await put(client, visit), await put(client, visit)
    assert first.json() == again.json()
    assert first.json()["ticket"] == "E-001"
    assert len(await emitted(client.store, VisitCheckedIn)) == 1


async def test_another_put_under_the_same_id_is_refused(client: Client) -> None:
    visit = await check_in(client)
    assert fault(await put(client, visit, area=None)) == (409, "visit_id", "already-different")


async def test_a_post_is_repeated_safely_by_its_key(client: Client) -> None:
    answers = [
        await client.post(VISITS, json={"centre": "liege"}, headers={"Idempotency-Key": key})
        for key in ("monday-1", "monday-1", "monday-2")
    ]
    ids = [answer.json()["id"] for answer in answers]
    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert ids[0] == ids[1] != ids[2]


async def test_two_callers_may_choose_the_same_key(client: Client) -> None:
    other = LIEGE_DESK.model_copy(update={"subject": "test/kiosk-liege"})
    ids: set[str] = set()
    for person in (LIEGE_DESK, other):
        answer = await client.signed_in(person).post(
            VISITS, json={"centre": "liege"}, headers={"Idempotency-Key": "monday-1"}
        )
        ids.add(answer.json()["id"])
    assert len(ids) == 2


async def test_a_post_without_a_key_is_refused(client: Client) -> None:
    answer = await client.post(VISITS, json={"centre": "liege"})
    assert fault(answer) == (422, "Idempotency-Key", "missing")


@pytest.mark.parametrize(
    ("wrong", "field", "rule", "french", "german"),
    [
        ({"centre": "bruges"}, "centre", "unknown-centre", "Ce centre n’existe pas.", "Dieses Zentrum gibt es nicht."),
        ({"area": "mobility"}, "area", "unknown-area", "Ce centre n’aide pas", "Dieses Zentrum hilft nicht"),
        (
            {"at": "2026-03-02T12:00:00+01:00"},
            "at",
            "in-the-future",
            "\u00a0: 02/03/2026, 12:00. ",
            "Zukunft: 02.03.2026, 12:00. ",
        ),
        (
            {"at": "0001-01-01T00:00:00+14:00"},
            "at",
            "outside-calendar",
            "entre 1900 et 2199",
            "von 1900 bis 2199",
        ),
        ({"at": "2026-03-02T09:00:00"}, "at", "moment", "fuseau horaire", "Zeitzone"),
        ({"channel": "fax"}, "channel", "enum", "parmi\u00a0: à l’accueil, à la borne", "am Schalter, am Terminal"),
        (
            {"name": "Dupont"},
            "name",
            "extra-forbidden",
            "Ce champ n’existe pas ici.",
            "Dieses Feld gibt es hier nicht.",
        ),
        ({"queue": "perhaps"}, "queue", "yes-or-no", "true ou false", "true oder false"),
    ],
)
async def test_what_is_wrong_is_named_in_the_readers_language_and_changes_nothing(
    client: Client, wrong: dict[str, Any], field: str, rule: str, french: str, german: str
) -> None:
    for lang, words in (("fr", french), ("de", german)):
        answer = await put(client, lang=lang, **wrong)
        assert fault(answer) == (422, field, rule)
        assert words in answer.json()["errors"][0]["message"]
        assert " or " not in answer.json()["errors"][0]["message"]
    assert await emitted(client.store) == []


@pytest.mark.parametrize(
    ("person", "status", "slug"),
    [
        (None, 401, "not-signed-in"),
        (PROVIDER, 403, "not-allowed"),
        (COUNSELLOR, 403, "not-allowed"),
        (NAMUR_DESK, 403, "wrong-centre"),
    ],
)
async def test_only_the_centres_own_desk_checks_in(
    client: Client, person: Person | None, status: int, slug: str
) -> None:
    client.signed_in(person)
    answer = await put(client)
    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{slug}")
    assert await emitted(client.store) == []


async def test_a_devices_token_checks_in_at_its_centre_only(client: Client, clock: FixedClock) -> None:
    ref, signed_in = uuid4(), {"began_at": clock(), "expires_at": clock() + timedelta(days=1)}
    kiosk = AccountPublished(
        account_ref=ref,
        version=1,
        kind=AccountKind.DEVICE,
        status=AccountStatus.ACTIVE,
        roles=("front-desk",),
        centres=("liege",),
        code="liege-kiosk-1",
    )
    await client.consume(record_of(kiosk, 1))
    client.signed_in(None)
    token = client.process.signer.sign(AccountToken(account_ref=ref, sign_in=uuid4(), **signed_in))
    client.headers["authorization"] = f"Bearer {token}"
    assert (await put(client)).status_code == 200
    posted = await client.post(VISITS, json={"centre": "namur"}, headers={"Idempotency-Key": "1"})
    assert [fault(answer) for answer in (posted, await put(client, centre="namur"))] == [
        (403, "centre", "wrong-centre"),
        (403, "centre", "wrong-centre"),
    ]
    assert len(await emitted(client.store, VisitCheckedIn)) == 1


async def test_another_centre_is_refused_and_its_visits_do_not_exist(client: Client) -> None:
    visit = await check_in(client)
    client.signed_in(NAMUR_DESK)
    answer = await client.get(VISITS, params={"centre": "liege"}, headers={"accept-language": "fr"})
    assert fault(answer) == (403, "centre", "wrong-centre")
    assert answer.json()["detail"].startswith("Votre compte n’est pas lié à ce centre.")
    assert (await client.get(f"{VISITS}/{visit}")).status_code == 404
    assert (await client.post(f"{VISITS}/{visit}/serve", json={})).status_code == 404


async def test_an_oversized_body_is_refused(client: Client) -> None:
    answer = await put(client, area="x" * 70_000)
    assert (answer.status_code, answer.json()["type"]) == (413, f"/problems/{BodyTooLarge.slug}")
    assert await emitted(client.store) == []


async def test_who_saw_an_old_version_is_told_to_read_again(client: Client) -> None:
    visit = await check_in(client)
    await client.post(f"{VISITS}/{visit}/call", json={"desk": "desk-1", "version": 1})
    answer = await client.post(f"{VISITS}/{visit}/leave", json={"version": 1}, headers={"accept-language": "fr"})
    assert fault(answer) == (409, "version", "stale-version")
    assert answer.json()["detail"].startswith("Quelqu’un a modifié cette page entre-temps.")
    assert (await client.get(f"{VISITS}/{visit}")).json()["status"] == "called"


async def test_a_visit_goes_through_its_steps(client: Client, clock: FixedClock) -> None:
    visit = await check_in(client)
    assert (await client.post(f"{VISITS}/call-next", json={"centre": "liege", "desk": "desk-2"})).json()["id"] == visit
    clock.forward(minutes=3)
    for step, status in (("serve", "being_served"), ("finish", "served")):
        answer = await client.post(f"{VISITS}/{visit}/{step}", json={})
        assert answer.json()["status"] == status
    assert answer.json()["desk"] == "desk-2"
    again = await client.post(f"{VISITS}/{visit}/leave", json={}, headers={"accept-language": "fr"})
    assert fault(again) == (409, "status", "wrong-step")
    assert again.json()["detail"].startswith("État actuel de la visite\u00a0: visite terminée.")
    assert again.json()["errors"][0]["wanted"] == "left"


async def test_an_empty_queue_says_so(client: Client) -> None:
    answer = await client.post(
        f"{VISITS}/call-next", json={"centre": "liege", "desk": "desk-1"}, headers={"accept-language": "de"}
    )
    assert fault(answer) == (409, "centre", "nobody-waiting")
    assert answer.json()["detail"] == (
        "Cité des métiers de Liège: Für diesen Schalter wartet niemand. Rufen Sie eine Person aus der Liste auf oder "
        "warten Sie auf die nächste Ankunft."
    )


async def test_who_is_here_is_listed_first_come_first(client: Client, clock: FixedClock) -> None:
    first = await check_in(client)
    clock.forward(minutes=1)
    second = await check_in(client)
    await client.post(f"{VISITS}/{first}/leave", json={})
    clock.forward(minutes=1)
    third = await check_in(client)
    listed: list[dict[str, Any]] = (await client.get(VISITS, params={"centre": "liege"})).json()
    assert [visit["id"] for visit in listed] == [second, third]


async def test_a_person_who_agrees_gets_a_reference_and_a_link_and_is_forgotten_when_asked(client: Client) -> None:
    visit = await check_in(client)
    fields = {"given_name": "Prénom", "family_name": "Démonstration", "purposes": ["plan"]}
    answer = await client.post(f"{VISITS}/{visit}/visitor", json=fields)
    assert answer.status_code == 201
    known = answer.json()
    assert re.search(r"/intake/l/[a-z2-7-]{30}$", known["link"])
    assert (await client.get(f"{VISITS}/{visit}")).json()["subject_ref"] == known["subject_ref"]
    assert (await client.delete(f"/intake/api/v1/visitors/{known['subject_ref']}")).status_code == 403
    gone = await client.signed_in(OPERATOR).delete(f"/intake/api/v1/visitors/{known['subject_ref']}")
    assert gone.status_code == 204
    assert len(await emitted(client.store, SubjectErased)) == 1
    again = await client.delete(f"/intake/api/v1/visitors/{known['subject_ref']}")
    assert (again.status_code, again.json()["type"]) == (409, "/problems/already-erased")


@pytest.mark.parametrize(
    ("wrong", "field", "rule"),
    [
        ({"purposes": []}, "purposes", "too-short"),
        ({"purposes": ["advertising"]}, "purposes", "unknown-purpose"),
        ({"given_name": ""}, "given_name", "missing"),
        ({"language": "xx"}, "language", "literal-error"),
        ({"birth_date": "1990-01-01"}, "birth_date", "extra-forbidden"),
    ],
)
async def test_an_agreement_is_complete_or_refused(
    client: Client, wrong: dict[str, object], field: str, rule: str
) -> None:
    visit = await check_in(client)
    fields = {"given_name": "Prénom", "family_name": "Démonstration", "purposes": ["plan"], **wrong}
    assert fault(await client.post(f"{VISITS}/{visit}/visitor", json=fields)) == (422, field, rule)
    assert (await client.get(f"{VISITS}/{visit}")).json()["subject_ref"] is None


async def test_a_machine_needs_no_cookie(client: Client) -> None:
    token = client.process.signer.session(LIEGE_DESK)
    client.signed_in(None)
    headers = {"authorization": f"Bearer {token}", "origin": "https://desk.example"}
    answer = await client.put(f"{VISITS}/{uuid4()}", json={"centre": "liege"}, headers=headers)
    assert answer.status_code == 200


async def test_anybody_reads_which_centres_and_areas_there_are(client: Client) -> None:
    client.signed_in(None)
    known = (await client.get("/intake/api/v1/centres")).json()
    assert {centre["code"]: centre["areas"] for centre in known}["namur"] == ["find-job"]
