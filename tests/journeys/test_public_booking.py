"""A visitor books a first interview themselves: from the page of a centre to their own page, over all services."""

import email
import email.policy
import re
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from tests.journeys.adult import Centre, by_link, ok
from tests.journeys.stacks import Stack, eventually

CONTACT = "zoe.demo@example.org"
PIN = "839517"
RULES = {"horizon_days": 60, "notice_hours": 1, "visitor_notice_hours": 24, "public": True}
RADIO = re.compile(r'name="starts_at" value="([^"]+)"')


def texts_to(folder: Path, contact: str) -> list[str]:
    """What this contact was sent, in the folder of the demonstration."""
    found: list[str] = []
    for path in sorted((folder / "mail").rglob("*.eml"), key=lambda one: one.stat().st_mtime):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if contact in str(message["To"]):
            part = message.get_body(("plain",))
            found.append(part.get_content() if part is not None else "")
    return found


def asks_for(browser: httpx2.Client, nth: int) -> None:
    """Choose a free time, and enter name and contact."""
    page = browser.get("/scheduling/centres/liege/book", params={"area": "choose-path"})
    at = RADIO.findall(page.text)[nth]
    chosen = browser.post("/scheduling/centres/liege/book", data={"area": "choose-path", "starts_at": at})
    assert chosen.status_code == 303, chosen.text
    form = {"given_name": "Zoé", "family_name": "Démo", "contact": CONTACT, "language": "fr"}
    answer = browser.post(chosen.headers["location"], data=form | {"agreed": "true", "reminders": "true"})
    assert answer.status_code == 303, answer.text
    assert "Encore une étape" in browser.get(answer.headers["location"]).text


def confirms(stack: Stack, seen: int) -> httpx2.Response:
    """Open the link of the message on another device, and press the button. Returns the last page."""
    (text,) = eventually(
        lambda: [one for one in texts_to(stack.data, CONTACT) if "/intake/confirm/" in one][seen:], bool
    )
    link = re.search(r"\S+/intake/confirm/\S+", text)
    assert link is not None
    device = stack.browse()
    path = urlsplit(link[0]).path
    assert "Confirmer le rendez-vous" in device.get(path).text
    return device.post(path, follow_redirects=True)


@pytest.mark.parametrize("stack", ["embedded"], indirect=True)
def test_from_the_centres_page_to_the_own_page(stack: Stack) -> None:
    liege = Centre(stack)
    ok(liege.region.put("/scheduling/api/v1/booking-rules/liege", json=RULES))
    browser = stack.browse()
    assert "/scheduling/centres/liege/book" in browser.get("/directory/centres/liege").text
    assert "/scheduling/book" in browser.get("/").text
    asks_for(browser, -1)  # some days ahead, to be moved online
    booked = confirms(stack, 0)
    page = unescape(booked.text)
    assert "Votre rendez-vous est fixé" in page
    action = re.search(r'action="(/intake/book/page/[^"]+)"', page)
    assert action is not None
    device = stack.browse()
    link = device.post(action[1], follow_redirects=False).headers["location"]
    visitor = by_link(stack, link)
    mine = eventually(lambda: visitor.get("/scheduling/mine").text, lambda text: "Votre prochain rendez-vous" in text)
    assert "Déplacer ou annuler" in unescape(mine)
    eventually(lambda: [one for one in texts_to(stack.data, CONTACT) if "est fixé" in one], bool)

    asks_for(stack.browse(), 0)  # again, by the same person: they keep the one they have
    again = unescape(confirms(stack, 1).text)
    assert "Vous avez déjà un rendez-vous" in again
