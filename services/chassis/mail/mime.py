"""Composes e-mails: headers, the text, the same as HTML, and invitations for calendars."""

from email import policy
from email.headerregistry import Address, BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy
from email.utils import format_datetime
from html import escape

from services.chassis.mail.messages import Letter, MailRow, TextMessage, one_line

_BODY = '<body style="overflow-wrap: anywhere">'  # long addresses do not fit on a telephone


class _UrlHeader(UnstructuredHeader, BaseHeader):
    """A header with a URL, on one line however long it is: folded, it would be an encoded word, which is no URL."""

    def fold(self, *, policy: Policy) -> str:
        """The line. A message is written by policies of others too (`aiosmtplib`), and all of them ask this."""
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("List-Unsubscribe", _UrlHeader)
_POLICY = policy.SMTP.clone(header_factory=_HEADERS)


def compose(row: MailRow, letter: Letter, sender: Address) -> EmailMessage:
    """The message with its headers. Its `Message-ID` is the row's id, the same in every attempt."""
    message = EmailMessage(policy=_POLICY)
    message["From"] = sender
    message["To"] = Address(addr_spec=letter.recipient)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(row.queued_at)
    message["Message-ID"] = f"<{row.id}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe is not None:
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.body)
    message.add_alternative(_html_of(letter), subtype="html")
    _add_invitations(message, letter)
    message["Content-Language"] = letter.lang  # last: the content sets all headers of this kind
    return message


def _add_invitations(message: EmailMessage, letter: Letter) -> None:
    """One invitation is another form of the message, which mail programs act on (RFC 6047), and a file for the others.

    Of several, each is a file of its own: a message has one form at a time.
    """
    if len(letter.calendars) == 1:
        [part] = letter.calendars
        message.add_alternative(part.text, subtype="calendar", params={"method": part.method})
        message.add_attachment(part.text.encode(), maintype="application", subtype="ics", filename="cefo.ics")
        return
    for number, part in enumerate(letter.calendars, 1):
        method = {"method": part.method}
        message.add_attachment(part.text, subtype="calendar", filename=f"cefo-{number}.ics", params=method)


def _html_of(letter: Letter) -> str:
    """The text of a letter for programs that show HTML: its paragraphs, and addresses that can be clicked."""
    paragraphs = (paragraph.splitlines() for paragraph in letter.body.split("\n\n") if paragraph.strip())
    shown = "".join(f"<p>{'<br>'.join(map(_line, lines))}</p>\n" for lines in paragraphs)
    title = escape(letter.subject)
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>'
    return f'<!doctype html>\n<html lang="{escape(letter.lang)}"><head>{head}</head>\n{_BODY}\n{shown}</body></html>\n'


def _line(text: str) -> str:
    shown = escape(text.strip())
    return f'<a href="{shown}">{shown}</a>' if shown.startswith(("https://", "http://")) else shown


def filed_text(row: MailRow, message: TextMessage) -> EmailMessage:
    """A text message as the demo keeps it in a file."""
    filed = EmailMessage(policy=_POLICY)
    filed["To"] = message.recipient
    filed["Subject"] = one_line(message.text)
    filed["Date"] = format_datetime(row.queued_at)
    filed.set_content(message.text)
    filed["Content-Language"] = message.lang
    return filed
