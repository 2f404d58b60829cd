"""The texts of the directory's messages, in the reader's language."""

from datetime import date
from typing import NamedTuple

from services.chassis.i18n import date_text, translate
from services.directory.domain.sign_in_links import LIFETIME


class Letter(NamedTuple):
    """A message's subject and text."""

    subject: str
    body: str


def sign_in_link(url: str, lang: str) -> Letter:
    """The message with a one-time link."""
    return Letter(
        translate("Your link to sign in", lang),
        _text(
            translate("Hello,", lang),
            translate("You asked for a link to sign in to cefo. Open it in the same browser:", lang),
            url,
            translate("The link works once, within {minutes} min.", lang).format(
                minutes=int(LIFETIME.total_seconds()) // 60
            ),
            translate(
                "Did you not ask for it? Then you do not need to do anything. Nobody can sign in without it.", lang
            ),
        ),
    )


def invitation(organization: str, sign_in_url: str, valid_until: date, lang: str) -> Letter:
    """The message that invites a person to an organisation's team. It has no secret: the person asks for a link."""
    until = date_text(valid_until, lang=lang)
    return Letter(
        translate("Invitation: {organization} on cefo", lang).format(organization=organization),
        _text(
            translate("Hello,", lang),
            translate("You are invited to the team of this provider: {organization}.", lang).format(
                organization=organization
            ),
            translate("With cefo you keep its entry in the directory up to date and answer referrals.", lang),
            translate("Open this page and enter your e-mail address. You then receive a link to sign in:", lang),
            sign_in_url,
            translate("The invitation is valid until {date}.", lang).format(date=until),
            translate("Is this not for you? Then you do not need to do anything.", lang),
        ),
    )


def _text(*paragraphs: str) -> str:
    return "\n\n".join((*paragraphs, "cefo")) + "\n"
