"""The texts of messages with their placeholders: built in, in the reader's language."""

from services.chassis.i18n import translate
from services.chassis.refusals import msg
from services.intake.domain.message_texts import Texts
from services.intake.domain.message_words import WORDS
from services.intake.domain.messages import MailPurpose

_NOT_COMING = msg("Can you not come? Please tell your centre as early as you can.")
_PAGE = msg("Your page, which opens with your PIN:")
_STOP = msg("You gave your consent to messages from your centre. To stop them, open this page:")
_SMS_PAGE, _SMS_STOP = msg("Your page: {link}"), msg("Stop the messages: {stop}")


def built_in(purpose: MailPurpose, lang: str) -> Texts:
    """The text of this message in this language, which nobody has changed."""
    words = WORDS[purpose]
    paragraphs = [translate(msg("Hello,"), lang), translate(words.text, lang)]
    if purpose.has_times:
        paragraphs.append("{times}\n{centre}")
    if purpose in (MailPurpose.APPOINTMENT_BOOKED, MailPurpose.APPOINTMENT_MOVED, MailPurpose.APPOINTMENT_REMINDER):
        paragraphs.append(translate(_NOT_COMING, lang))
    page, stop = f"{translate(_PAGE, lang)}\n{{link}}", f"{translate(_STOP, lang)}\n{{stop}}"
    return Texts(
        subject=translate(words.subject, lang),
        body="\n\n".join([*paragraphs, page, stop, "{centre}"]),
        sms="\n".join((translate(words.sms, lang), "{centre}", translate(_SMS_PAGE, lang), translate(_SMS_STOP, lang))),
    )
