"""The pages and endpoints of the platform itself: sign-in, old personal links, health, metrics, contracts."""

from pathlib import Path

from prometheus_client import generate_latest

from services.chassis.testing import Client, client_of, quiet_settings
from tests.chassis.conftest import ACCOUNTS, OPERATOR
from tests.chassis.sample_service import NOTES

PAGE = {"accept": "text/html"}
PLAN = "Ouvrez le lien reçu du centre."
TEAM = "Ouvrez le lien de connexion de votre organisation."


async def test_sign_in_redirects_only_to_our_own_pages(client: Client) -> None:
    for next, to in (
        ("/sample/?a=1", "/sample/?a=1"),
        ("https://evil.example/", "/sample/"),
        ("//evil.example/", "/sample/"),
        ("/\\evil.example", "/sample/"),
        ("javascript:alert(1)", "/sample/"),
    ):
        answer = await client.post("/sign-in", data={"account": "welcome", "next": next})
        assert (answer.status_code, answer.headers["location"]) == (303, to)
    assert (await client.post("/sign-in", data={"account": "root"})).status_code == 404


async def test_demo_accounts_are_only_there_for_a_demonstration(client: Client, tmp_path: Path) -> None:
    demo = (await client.get("/sign-in", headers=PAGE)).text
    assert "Accueil (test)" in demo
    assert PLAN in demo
    assert TEAM not in demo
    real = quiet_settings(tmp_path / "real", demo=False)
    async with client_of(client.runtime.service, tmp_path / "real", settings=real, accounts=ACCOUNTS) as site:
        page = (await site.get("/sign-in", headers=PAGE)).text
        assert "Accueil (test)" not in page
        assert PLAN in page
        assert TEAM in page
        assert (await site.post("/sign-in", data={"account": "welcome"})).status_code == 404


async def test_a_public_page_has_a_description_and_no_other(client: Client) -> None:
    described = "L’orientation, pour tout le monde. Gratuit, anonyme, sans rendez-vous."
    assert f'<meta name="description" content="{described}">' in (await client.get("/", headers=PAGE)).text
    for path, title in (("/help", "Aide"), ("/sign-in", "Se connecter")):
        meta = f'<meta name="description" content="{title} – {described}">'
        assert meta in (await client.get(path, headers=PAGE)).text
    client.signed_in(OPERATOR)
    page = await client.get("/sample/dead-letters", headers=PAGE)
    assert page.status_code == 200
    assert 'name="description"' not in page.text


async def test_a_personal_link_of_the_old_kind_says_how_to_get_a_new_one(client: Client) -> None:
    page = await client.get("/sign-in/link", params={"token": "eyJhIjoxfQ.x.y"}, headers=PAGE)
    assert page.status_code == 404
    assert "Ce lien n’est plus valable." in page.text
    assert not client.cookies


async def test_metrics_are_kept_and_are_not_public(client: Client) -> None:
    await client.get("/sample/nowhere")
    assert (await client.get("/metrics")).status_code == 404
    text = generate_latest().decode()
    for name in ("cefo_http_request_seconds", "cefo_outbox_unsent", "cefo_consumer_lag", "cefo_events_processed_total"):
        assert f"# HELP {name}" in text
    assert 'cefo_http_request_seconds_count{method="GET",service="sample",status="404"}' in text


async def test_contracts_are_served(client: Client) -> None:
    schema = (await client.get("/contracts/cefo.intake.visit-called.v1.json")).json()
    assert schema["properties"]["desk"]["x-privacy"] == "operational"
    assert (await client.get("/contracts/cefo.nobody.said-this.v1.json")).status_code == 404
    assert (await client.get("/sample/api/v1/asyncapi.json")).json()["asyncapi"] == "3.0.0"
    assert NOTES in (await client.get("/sample/api/v1/openapi.json")).json()["paths"]
