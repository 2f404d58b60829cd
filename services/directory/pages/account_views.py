"""What the pages of accounts show: choices, names, and changes as people read them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.chassis import i18n
from services.chassis.copies.accounts import DEMO, DEMO_ACCOUNT
from services.chassis.i18n import by_name
from services.chassis.i18n import translate as _
from services.chassis.identity.people import ROLE_LABELS
from services.chassis.refusals import msg
from services.contracts.accounts import AccountKind, AccountStatus, awaits_approval, has_tokens, may_sign_in
from services.contracts.roles import Role
from services.directory.actions.accounts import CLAIMS, COMMAND
from services.directory.domain.accounts import (
    GRANTABLE_REGION_WIDE,
    AccountChangeKind,
    Grantor,
    SignInMethod,
    grantable,
    machine_roles,
)
from services.directory.pages.views import centre_names
from services.directory.store import Account, AccountChange, MachineToken, SignIn
from services.directory.store.accounts import changes_of, identities_of, names_of, open_of, organization_names

CHANGES = 50
"""Changes on one page of an account."""

VIEWS: dict[str, Any] = {
    "role_labels": ROLE_LABELS,
    "waits": {status.value: awaits_approval(status) for status in AccountStatus},
    "works": {status.value: may_sign_in(status) for status in AccountStatus},
}
"""Labels, and what a status means, for the templates of accounts."""

_FACT_LABELS = {
    "kind": msg("Kind"),
    "status": msg("Status"),
    "roles": msg("Roles"),
    "centres": msg("Centres"),
    "organization_id": msg("Provider"),
    "code": msg("Code"),
    "display_name": msg("Name"),
    "token": msg("Token"),
}
_ROLE_HINTS = {
    Role.MANAGER: msg("Manages accounts. Without a centre: of the whole region."),
    Role.OPERATOR: msg("Watches the events and the technical state. Only without a centre: of the whole region."),
    Role.PROVIDER: msg("Answers referrals for a provider. Cannot be combined with another role."),
}


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A change of an account: when, what, by whom; and each value, as it was and as it is."""

    at: datetime
    what: AccountChangeKind
    by: str
    values: tuple[tuple[str, str, str], ...]


def form_values(account: Account, typed: Mapping[str, Any] | None) -> dict[str, Any]:
    """The values of the form of rights: what was typed, or what the account has."""
    shown: dict[str, Any] = {
        "roles": account.roles,
        "centres": account.centres,
        "organization_id": account.organization_id or "",
        "code": account.code or "",
        "version": account.version,
    }
    if typed is not None:
        shown |= {"roles": [], "centres": []} | dict(typed)  # an unticked box is not sent
    return shown


async def filters(session: AsyncSession, manager: Grantor) -> dict[str, Any]:
    """The choices of the list's filters."""
    return {
        "statuses": list(AccountStatus),
        "roles": [role for role in Role if role in GRANTABLE_REGION_WIDE],
        "centres": await centre_choices(session, manager),
        "centre_names": await centre_names(session),
    }


async def account_values(
    session: AsyncSession, account: Account, manager: Grantor, now: datetime, after: UUID | None = None
) -> dict[str, Any]:
    """What the page of an account shows beside its form. `after`: the last change of the page before."""
    own, may_grant = manager.account_ref == account.id, grantable(manager)
    possible = machine_roles(AccountKind(account.kind)) or may_grant
    organizations = await organization_names(session)
    names = await centre_names(session)
    changes = await changes_of(session, account.id, after=after, limit=CHANGES + 1)
    return {
        "own": own,
        "has_tokens": has_tokens(AccountKind(account.kind)),
        "may_change": not own and account.rights.roles <= may_grant,
        "role_choices": [
            (role.value, _(ROLE_LABELS[role]), *([_(_ROLE_HINTS[role])] if role in _ROLE_HINTS else []))
            for role in Role
            if role in may_grant & possible
        ],
        "centre_choices": await centre_choices(session, manager),
        "organizations": [(str(id), name) for id, name in organizations.items()],
        "organization_names": organizations,
        "centre_names": names,
        "identities": await identities_of(session, account.id),
        "sign_ins": [(one, SignInMethod(one.how)) for one in await open_of(session, SignIn, account.id, now)],
        "tokens": await open_of(session, MachineToken, account.id, now),
        "changes": await _changes(session, changes[:CHANGES], names, organizations),
        "last": changes[CHANGES - 1].id if len(changes) > CHANGES else None,
    }


async def centre_choices(session: AsyncSession, manager: Grantor) -> list[tuple[str, str]]:
    """The centres within which this manager grants rights, by name."""
    names = await centre_names(session)
    own = names.keys() if manager.rights.manages_region else manager.rights.centres
    return sorted(((code, names.get(code, code)) for code in own), key=lambda one: by_name(one[1]))


async def _changes(
    session: AsyncSession,
    changes: Sequence[AccountChange],
    centres: Mapping[str, str],
    organizations: Mapping[UUID, str],
) -> list[ChangeView]:
    people = await names_of(session, {ref for one in changes if (ref := account_of(one.by))})
    return [
        ChangeView(
            one.at, AccountChangeKind(one.what), author_of(one.by, people), tuple(_values(one, centres, organizations))
        )
        for one in changes
    ]


def account_of(by: str) -> UUID | None:
    """The account that made a change, if one did."""
    return UUID(by.removeprefix("account/")) if by.startswith("account/") else None


def author_of(by: str, people: Mapping[UUID, str]) -> str:
    """Who made a change, as people read it."""
    if (ref := account_of(by)) is not None:
        return people.get(ref, _("Deleted account"))
    if by == CLAIMS:
        return _("Sign-in of the organisation")
    if by == COMMAND:
        return _("Command on the server")
    return _(DEMO_ACCOUNT) if by.startswith(DEMO) else _("Key of the platform")


def _values(
    change: AccountChange, centres: Mapping[str, str], organizations: Mapping[UUID, str]
) -> Iterator[tuple[str, str, str]]:
    for name, label in _FACT_LABELS.items():
        if name in change.after:
            texts = [_shown(name, facts.get(name), centres, organizations) for facts in (change.before, change.after)]
            if texts[0] != texts[1]:
                yield _(label), texts[0], texts[1]


def _shown(name: str, value: Any, centres: Mapping[str, str], organizations: Mapping[UUID, str]) -> str:
    """A value of an account, as people read it."""
    if not value:
        return "–"
    words: dict[str, Callable[[Any], str]] = {
        "roles": lambda roles: ", ".join(_(ROLE_LABELS[Role(role)]) for role in roles),
        "centres": lambda codes: ", ".join(centres.get(code, code) for code in codes),
        "organization_id": lambda ref: organizations.get(UUID(ref), "–"),
        "status": lambda status: i18n.word_of(AccountStatus(status)),
        "kind": lambda kind: i18n.word_of(AccountKind(kind)),
    }
    return words.get(name, str)(value)
