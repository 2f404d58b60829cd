"""The brochure's sentence as people read it, in four languages: for published months, and exactly for who may see it.

What was typed wrong stays, to be corrected.
"""

import re
from html import unescape
from typing import Any

import pytest

from services.chassis.identity.people import Person
from services.chassis.testing import Client
from services.contracts.appointments import AppointmentMode
from services.contracts.outcomes import InterviewOutcome
from services.contracts.roles import Role
from services.contracts.scheduling import InterviewKind
from tests.givens.impact import attended, checked_in, held, process, process_at_once, publish_now

SEASON = {"from": "2017-01-01", "to": "2017-09-30"}
MARCH = {"from": "2017-03", "to": "2017-03"}
REGION = Person(subject="machine/region", name="Région", roles=frozenset({Role.MANAGER}))


async def see(client: Client, lang: str = "fr", status: int = 200, path: str = "/impact/exact", /, **query: Any) -> str:
    answer = await client.get(path, params=query, headers={"accept": "text/html", "accept-language": lang})
    assert answer.status_code == status, answer.text
    plain = unescape(answer.text).replace("<strong>", "").replace("</strong>", "")
    return plain.replace("\N{NARROW NO-BREAK SPACE}", " ").replace("\N{NO-BREAK SPACE}", " ")


@pytest.fixture
async def counted(client: Client) -> Client:
    """1,234 visitors, three interviews of which one is guidance. The region is signed in."""
    await process_at_once(client.store, *(checked_in() for _ in range(1234)))
    await process(client.store, held(), held(where="mons"), held(InterviewKind.GUIDANCE))
    return client.signed_in(REGION)


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        (
            "fr",
            "Du 1er janvier 2017 au 30 septembre 2017 : 1 234 visites et 3 entretiens individuels, "
            "dont 1 entretien d’orientation.",
        ),
        (
            "en",
            "From 1 January 2017 to 30 September 2017: 1,234 visits and 3 individual interviews, "
            "of which 1 guidance interview.",
        ),
        ("de", "1.234 Besuche und 3 Einzelgespräche, davon 1 Orientierungsgespräch."),
        ("nl", "1.234 bezoeken en 3 individuele gesprekken, waarvan 1 oriëntatiegesprek."),
    ],
)
async def test_the_sentence_in_the_readers_language(counted: Client, lang: str, sentence: str) -> None:
    html = await see(counted, lang, **SEASON)
    assert f'<html lang="{lang}">' in html
    headline = html.split('class="headline">')[1].split("</p>")[0]
    assert sentence in headline


async def test_the_page_says_the_same_four_ways(counted: Client) -> None:
    headlines = {
        (await see(counted, lang, **SEASON)).split('class="headline">')[1].split("</p>")[0]
        for lang in ("fr", "de", "nl", "en")
    }
    assert len(headlines) == 4


async def test_the_table_names_centres_and_the_files_ask_for_the_same(counted: Client) -> None:
    html = await see(counted, **SEASON, centre="mons")
    assert "Carrefour des métiers de Mons" in html
    assert "/impact/api/v1/figures/exact.csv?from=2017-01-01&to=2017-09-30&centre=mons" in html
    assert "0 visite et 1 entretien individuel, dont 0 entretien d’orientation." in html


async def test_without_a_period_it_is_this_years(client: Client) -> None:
    html = await see(client.signed_in(REGION))
    assert 'value="2026-01-01"' in html
    assert 'value="2026-03-02"' in html
    assert "Aucun chiffre pour cette période" in html


@pytest.mark.parametrize("day", ["2017-01-01", "01/01/2017", "1.1.2017"])
async def test_a_day_may_be_written_as_people_write_it(counted: Client, day: str) -> None:
    html = await see(counted, **SEASON | {"from": day})
    assert "Du 1er janvier 2017 au 30 septembre 2017" in html
    assert 'type="date" value="2017-01-01"' in html


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"from": "30/02/2017", "to": "2017-09-30"}, ("« 30/02/2017 » n’est pas une date.", "30/02/2017")),
        ({"from": "2017-10-01", "to": "2017-09-30"}, ("La date de fin (30/09/2017) est avant", "2017-10-01")),
        (SEASON | {"centre": "atlantis"}, ("Ce centre n’existe pas.", "2017-01-01")),
        (SEASON | {"area": "gardening"}, ("Ce besoin n’est pas dans la liste.", "2017-01-01")),
    ],
)
async def test_what_is_wrong_is_said_at_its_field_and_stays_typed(
    counted: Client, query: dict[str, str], words: tuple[str, str]
) -> None:
    html = await see(counted, "fr", 422, **query)
    assert words[0] in html
    assert f'value="{words[1]}"' in html
    assert 'class="headline"' not in html


async def public(client: Client, lang: str = "fr", status: int = 200, /, **query: Any) -> str:
    return await see(client.signed_in(None), lang, status, "/impact/", **query)


async def test_before_a_month_is_published_the_public_page_says_when(counted: Client) -> None:
    html = await public(counted)
    assert "Aucun chiffre n’est encore publié" in html
    assert "Les chiffres d’un mois sont publiés 10 jours après sa fin." in html
    assert "1 234" not in html


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "fr",
            (
                "Mars 2017 : 1 234 visites et un nombre d’entretiens individuels non publié, "
                "dont un nombre d’entretiens d’orientation non publié.",
                "Les nombres de moins de 5 ne sont pas publiés. Ainsi, personne n’est reconnu.",
                "non publié",
            ),
        ),
        ("en", ("March 2017: 1,234 visits", "Numbers below 5 are not published", "not published")),
        ("de", ("März 2017: 1.234 Besuche", "Zahlen unter 5 werden nicht veröffentlicht", "nicht veröffentlicht")),
        ("nl", ("Maart 2017: 1.234 bezoeken", "Getallen onder 5 worden niet gepubliceerd", "niet gepubliceerd")),
    ],
)
async def test_the_public_page_says_what_is_not_published_and_why(
    counted: Client, lang: str, words: tuple[str, str, str]
) -> None:
    await publish_now(counted.store, "2017-01", "2017-09")
    html = await public(counted, lang)
    assert words[0] in html
    assert words[1] in html
    assert f'<dd class="figure-hint">{words[2]}</dd>' in html
    assert "figures.csv?from=2017-03&to=2017-03" in html


async def test_the_public_sentence_names_its_months(counted: Client) -> None:
    """With five interviews of each kind nothing is withheld."""
    await process(counted.store, *(held(InterviewKind.GUIDANCE) for _ in range(5)), *(held() for _ in range(5)))
    await publish_now(counted.store, "2017-01", "2017-09")
    html = await public(counted, **MARCH | {"from": "2017-01"})
    assert (
        "Janvier 2017 à mars 2017 : 1 234 visites et 13 entretiens individuels, dont 6 entretiens d’orientation."
        in html
    )
    mons = await public(counted, **MARCH, centre="mons")
    assert "Mars 2017 : 0 visite et un nombre d’entretiens individuels non publié" in mons


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"from": "2017-03-27", "to": "2017-03-27"}, "« 2017-03-27 » n’est pas un mois."),
        ({"from": "2017-09", "to": "2017-01"}, "Le dernier mois est avant le premier."),
        (MARCH | {"centre": "atlantis"}, "Ce centre n’existe pas."),
        (MARCH | {"area": "gardening"}, "Ce besoin n’est pas dans la liste."),
    ],
)
async def test_the_public_page_refuses_days_and_what_is_not_there(
    counted: Client, query: dict[str, str], words: str
) -> None:
    await publish_now(counted.store, "2017-01", "2017-09")
    html = await public(counted, "fr", 422, **query)
    assert words in html
    assert 'class="headline"' not in html


async def test_the_log_names_who_saw_what_and_is_for_the_region(
    counted: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = ("fr", 200, "/impact/exact/log")
    assert "Aucune consultation" in await see(counted, *log)
    await see(counted, **SEASON, centre="mons")
    html = await see(counted, *log)
    for words in ("machine/region", "01/01/2017 – 30/09/2017", "Carrefour des métiers de Mons", "Tous les besoins"):
        assert words in html
    await see(counted, **SEASON, centre="liege")
    monkeypatch.setattr("services.impact.pages.log.SHOWN", 1)
    pages = [await see(counted, *log)]
    while following := re.findall(r'href="\?after=([^"]+)"', pages[-1]):
        pages.append(await see(counted, *log, after=following[0]))
    assert len(pages) == len(every := re.findall(r"<th scope=\"row\">", "".join(pages))) > 1, every
    assert sum("Carrefour des métiers de Mons" in one for one in pages) == 1
    of_mons = REGION.model_copy(update={"centres": frozenset({"mons"})})
    assert "Tous mes centres" in await see(counted.signed_in(of_mons), **SEASON)
    await see(counted, "fr", 403, "/impact/exact/log")
    await see(counted, "fr", 403, "/impact/exact", **SEASON, centre="liege")


async def test_interviews_stand_by_mode_and_outcome_information_and_guidance_apart(client: Client) -> None:
    taken = InterviewOutcome(next_step="guidance-path", guidance_offered=True, guidance_taken=True)
    by_telephone = held(InterviewKind.GUIDANCE).model_copy(update={"mode": AppointmentMode.TELEPHONE})
    await process(client.store, held().model_copy(update={"outcome": taken}), held(where="mons"), by_telephone)
    client.signed_in(REGION)
    html = await see(client, **SEASON)
    table = html.split("Entretiens par mode")[-1].split("</table>")[0]
    rows = [re.sub(r"<[^>]+>|\s+", " ", row).split() for row in table.split("<tr>")[2:]]
    assert rows == [
        ["Au", "centre", "2", "0"],
        ["Par", "téléphone", "0", "1"],
        ["En", "visioconférence", "0", "0"],
        ["À", "domicile", "0", "0"],
    ]
    assert "Proposée et acceptée" in html
    of_liege = await see(client, **SEASON, centre="mons")
    assert re.search(r"Au centre</th>\s*<td[^>]*>1</td>", of_liege)
    of_an_area = await see(client, **SEASON, area="find-job")
    assert "Entretiens par mode" not in of_an_area
    public = await see(client, "fr", 200, "/impact/")
    assert "Entretiens par mode" not in public
    answer = (await client.get("/impact/api/v1/figures/exact", params=SEASON)).json()
    assert answer["by_mode"][1] == {"code": "telephone", "information": 0, "guidance": 1}
    assert answer["by_next_step"][-1] == {"code": None, "information": 1, "guidance": 1}
    assert answer["by_guidance_offer"][2] == {"code": "taken", "information": 1, "guidance": 0}
    filtered = await client.get("/impact/api/v1/figures/exact", params=SEASON | {"area": "find-job"})
    assert "by_mode" not in filtered.json()


async def test_people_and_workshops_stand_apart_and_nothing_of_them_is_published(client: Client) -> None:
    first = held().model_copy(update={"first_of_person": True})
    again = held().model_copy(update={"first_of_person": False})
    opens = {"opens_session": True, "opens_workshop": True, "first_of_person": True}
    present, absent = attended(came=True).model_copy(update=opens), attended(came=False)
    await process(client.store, first, again, held(), held(where="mons"), present, absent)
    client.signed_in(REGION)
    html = await see(client, **SEASON)
    table = html.split('id="people"')[1].split("</table>")[0]
    rows = [re.sub(r"<[^>]+>|\s+", " ", row).split() for row in table.split("<tr>")[2:]]
    assert [row[-3:] for row in rows] == [["4", "2", "1"], ["0", "0", "0"], ["1", "1", "1"]]
    table = html.split('id="workshops"')[1].split("</table>")[0]
    rows = [re.sub(r"<[^>]+>|\s+", " ", row).split() for row in table.split("<tr>")[2:]]
    assert [row[-1] for row in rows] == ["1", "0", "1", "1", "1", "0", "0"]
    assert 'id="people"' not in await see(client, **SEASON, area="find-job")
    public = await see(client, "fr", 200, "/impact/")
    assert 'id="people"' not in public
    answer = (await client.get("/impact/api/v1/figures/exact", params=SEASON)).json()
    assert answer["people"]["information_people"] == 1
    assert answer["workshops"]["absent"] == 1
    assert (
        "people" not in (await client.get("/impact/api/v1/figures", params={"from": "2017-01", "to": "2017-09"})).text
    )
