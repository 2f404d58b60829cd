"""The texts of messages: built in, or as a manager changed them for a centre or the region."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis.i18n import translate
from services.chassis.refusals import msg
from services.chassis.storage.checks import check_version
from services.chassis.storage.store import Work
from services.intake.domain.message_texts import Texts, check_texts
from services.intake.domain.message_words import BOOKED_AFAR, BY_TELEPHONE, SEVERAL_CANCELLED, WORDS, Words
from services.intake.domain.messages import MailPurpose
from services.intake.store.message_texts import MessageText, changed_texts

_NOT_COMING = msg("Can you not come? Please tell your centre as early as you can.")
_PAGE = msg("Your page, which opens with your PIN:")
_STOP = msg("You gave your consent to messages from your centre. To stop them, open this page:")
_ANSWER = msg(
    "Answer on your page, or by telephoning your centre, by {until}. After that, the place goes to the next person."
)
_ANSWER_FIRST = msg(
    "Answer on your page, or by telephoning your centre, by {until}. This time is not kept for you: others may have "
    "the same offer, and the first who accepts gets it. Until then, and if you do not answer, your appointment stays "
    "as it is."
)
_CALL = msg("Answer by telephoning your centre, by {until}. After that, the place goes to the next person.")
_CALL_FIRST = msg(
    "Answer by telephoning your centre, by {until}. This time is not kept for you: others may have the same offer, and "
    "the first who accepts gets it. Until then, and if you do not answer, your appointment stays as it is."
)
_CONTACT = msg("Telephone and opening hours: {contact}")
_CONFIRM = msg("Open this page to confirm it:")
_NOT_YOU = msg("If you did not ask for this appointment, do nothing. What was entered is then deleted.")
_SMS_PAGE, _SMS_STOP = msg("Your page: {link}"), msg("Stop the messages: {stop}")


def built_in(purpose: MailPurpose, lang: str, *, afar: bool = False, several: bool = False, page: bool = True) -> Texts:
    """The text of this message in this language, which nobody has changed.

    `afar`: nobody comes to the centre; `several`: it is about more than one session; `page`: it has the address of the
    person's page.
    """
    words = WORDS[purpose] if page else BY_TELEPHONE.get(purpose, WORDS[purpose])
    if several and purpose is MailPurpose.WORKSHOP_SESSION_CANCELLED:
        words = SEVERAL_CANCELLED
    text = BOOKED_AFAR if afar and purpose is MailPurpose.APPOINTMENT_BOOKED else words.text
    paragraphs = [translate(msg("Hello,"), lang), translate(text, lang)]
    if purpose.has_times:
        paragraphs.append("{times}\n{centre}")
    if purpose in (MailPurpose.APPOINTMENT_BOOKED, MailPurpose.APPOINTMENT_MOVED, MailPurpose.APPOINTMENT_REMINDER):
        paragraphs.append(translate(_NOT_COMING, lang))
    if purpose.asks:
        first = purpose is MailPurpose.EARLIER_OFFER
        answer = (_ANSWER_FIRST if first else _ANSWER) if page else (_CALL_FIRST if first else _CALL)
        paragraphs.append(translate(answer, lang))
    contact = translate(_CONTACT, lang)
    if purpose.confirms:
        return _to_confirm(paragraphs, words, lang)
    own_page, stop = f"{translate(_PAGE, lang)}\n{{link}}", f"{translate(_STOP, lang)}\n{{stop}}"
    return Texts(
        subject=translate(words.subject, lang),
        body="\n\n".join([*paragraphs, own_page, stop, f"{{centre}}\n{contact}"]),
        sms="\n".join(
            (
                translate(words.sms, lang),
                "{centre}",
                "{contact}",
                translate(_SMS_PAGE, lang),
                translate(_SMS_STOP, lang),
            )
        ),
    )


def _to_confirm(paragraphs: list[str], words: Words, lang: str) -> Texts:
    """The text whose link confirms a contact."""
    contact = translate(_CONTACT, lang)
    link = f"{translate(_CONFIRM, lang)}\n{{link}}"
    return Texts(
        subject=translate(words.subject, lang),
        body="\n\n".join([*paragraphs, link, translate(_NOT_YOU, lang), f"{{centre}}\n{contact}"]),
        sms="\n".join((translate(words.sms, lang), "{centre}", "{link}")),
    )


async def texts_for(
    session: AsyncSession,
    centre: str,
    purpose: MailPurpose,
    lang: str,
    *,
    afar: bool = False,
    several: bool = False,
    page: bool = True,
) -> Texts:
    """What this message says at a centre: the centre's own text, else the region's, else the built-in one."""
    for one in await changed_texts(session, centre, purpose, lang):
        if one.subject is not None and one.body is not None and one.sms is not None:
            return Texts(one.subject, one.body, one.sms)
    return built_in(purpose, lang, afar=afar, several=several, page=page)


async def save_texts(
    work: Work, centre: str, purpose: MailPurpose, lang: str, texts: Texts, *, seen: int, by: str
) -> MessageText:
    """Change a text of a centre, or of the region. `seen`: the version that the caller read; 0: there was none.

    Raises `Stale`, and as `check_texts`.
    """
    check_texts(texts, purpose)
    return await _save(work, centre, purpose, lang, texts, seen=seen, by=by)


async def reset_texts(work: Work, centre: str, purpose: MailPurpose, lang: str, *, seen: int, by: str) -> None:
    """Have the text of the region again, or the built-in one. Raises `Stale`."""
    await _save(work, centre, purpose, lang, None, seen=seen, by=by)


async def _save(
    work: Work, centre: str, purpose: MailPurpose, lang: str, texts: Texts | None, *, seen: int, by: str
) -> MessageText:
    row = await work.session.get(MessageText, (centre, purpose.value, lang), with_for_update=True)
    check_version(row, seen)
    if row is None:
        row = MessageText(centre=centre, kind=purpose.value, lang=lang, changed_by=by, changed_at=work.now)
        work.add(row)
    row.subject, row.body, row.sms = (texts.subject, texts.body, texts.sms) if texts is not None else (None, None, None)
    row.version, row.changed_by, row.changed_at = row.version + 1, by, work.now
    return row
