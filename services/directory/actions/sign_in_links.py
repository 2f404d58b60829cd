"""One-time links: sent to the address of an account, used once, in the browser that asked for them."""

from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from services.chassis.identity.tokens import AccountToken
from services.chassis.mail.addresses import check_address
from services.chassis.mail.messages import queue
from services.chassis.refusals import msg
from services.chassis.storage.store import Work
from services.directory.actions.accounts import sign_in
from services.directory.actions.letters import sign_in_link
from services.directory.domain import MailPurpose
from services.directory.domain.accounts import SignInMethod
from services.directory.domain.sign_in_links import (
    AN_HOUR,
    LIFETIME,
    MOST_AN_HOUR,
    LinkNotValid,
    check_link,
    digest,
    new_secret,
)
from services.directory.domain.teams import is_lapsed
from services.directory.store import Account, Mail
from services.directory.store.teams import (
    AccountEmail,
    SignInLink,
    account_of_address,
    link_with,
    links_since,
    remove_links,
)


async def send_link(work: Work, address: str, browser: str, *, page: str, lang: str) -> None:
    """Send a one-time link to the account of this address. No answer shows whether there is one.

    `page`: the URL that the link opens. An unknown address costs the same work: only the message is missing.
    Raises `WrongEmail`.
    """
    email = check_address(address)
    reader = await _reader(work, email)
    secret = new_secret()
    work.add(
        SignInLink(
            account_id=reader.account_id if reader is not None else None,
            secret=digest(secret),
            browser=digest(browser),
            created_at=work.now,
            expires_at=work.now + LIFETIME,
        )
    )
    if reader is not None:
        letter = sign_in_link(f"{page}?{urlencode({'token': secret})}", lang)
        purpose = MailPurpose.SIGN_IN_LINK
        queue(work, Mail, purpose=purpose, recipient=email, lang=lang, useful_for=LIFETIME, **letter._asdict())


def check_usable(link: SignInLink | None, browser: str | None, now: datetime) -> UUID:
    """The account that this link signs in, in this browser. Raises `LinkNotValid`, `OtherBrowser`."""
    if link is None or link.account_id is None:
        raise LinkNotValid()
    same = browser is not None and digest(browser) == link.browser
    check_link(used_at=link.used_at, expires_at=link.expires_at, same_browser=same, now=now)
    return link.account_id


async def use_link(work: Work, secret: str, browser: str | None, lifetime: timedelta) -> AccountToken:
    """Sign in with a link, which is then used up. Raises `LinkNotValid`, `OtherBrowser`, `AccountInactive`.

    The account is locked first: requests with the same link follow each other.
    """
    known = await link_with(work.session, digest(secret))
    account_id = check_usable(known, browser, work.now)
    await work.load(Account, account_id, msg("account"))
    assert known is not None
    link = await work.find(SignInLink, known.id)
    check_usable(link, browser, work.now)
    email = await work.find(AccountEmail, account_id)
    if link is None or email is None:
        raise LinkNotValid()
    link.used_at = work.now
    email.accepted_at = email.accepted_at or work.now
    return await sign_in(work, account_id, SignInMethod.LINK, lifetime)


async def prune_links(work: Work) -> None:
    """Remove links that neither sign in nor count any more."""
    await remove_links(work, AN_HOUR)


async def _reader(work: Work, email: str) -> AccountEmail | None:
    """Who gets a link at this address; None: nobody, or for now no further one. Locks the account, to count."""
    known = await account_of_address(work.session, email)
    if known is None or is_lapsed(known.accepted_at, known.invited_at, work.now):
        return None
    await work.load(Account, known.account_id, msg("account"))
    sent = await links_since(work.session, known.account_id, work.now - AN_HOUR)
    return known if sent < MOST_AN_HOUR else None
