"""Pages: redirects after a form, and the message that the next page shows."""

from services.chassis.testing import ORIGIN, Client
from services.contracts.roles import Role
from tests.chassis.conftest import DESK, OPERATOR
from tests.chassis.sample_service import stored_notes

PAGE = {"accept": "text/html"}


async def test_a_form_redirects_with_a_message_that_is_shown_once(client: Client) -> None:
    client.signed_in(DESK)
    done = await client.post("/sample/notes", data={"words": "salut"}, headers=PAGE)
    assert (done.status_code, done.headers["location"]) == (303, "/sample/")
    assert "noted" in (await client.get("/sample/", headers=PAGE)).text
    assert "noted" not in (await client.get("/sample/", headers=PAGE)).text
    again = await client.post(
        "/sample/notes", data={"words": "salut"}, headers={**PAGE, "referer": f"{ORIGIN}/sample/?page=2"}
    )
    assert (again.status_code, again.headers["location"]) == (303, "/sample/?page=2")
    elsewhere = await client.post(
        "/sample/notes", data={"words": "salut"}, headers={**PAGE, "referer": "https://evil.example/sample/"}
    )
    assert elsewhere.headers["location"] == "/"
    assert await stored_notes(client) == ["salut"]


async def test_a_person_starts_at_the_page_of_their_first_role(client: Client) -> None:
    home_of = client.process.site.home_of
    assert home_of(DESK) == "/sample/"
    assert home_of(OPERATOR) == "/sample/dead-letters"
    assert home_of(DESK.model_copy(update={"roles": frozenset({Role.OPERATOR, Role.FRONT_DESK})})) == "/sample/"
    assert home_of(DESK.model_copy(update={"roles": frozenset({Role.CITE})})) == "/", "no service has a page for it"
