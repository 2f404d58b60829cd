"""Roles, centres and name from the claims of a verified sign-in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from services.contracts.roles import Role
from services.directory.oidc.issuers import ClaimRule, Issuer

NAME_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Grant:
    """What claims give: roles, and the centres for which they hold. A manager's empty centres are the whole region."""

    roles: frozenset[Role] = frozenset()
    centres: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.roles)


def grant_of(issuer: Issuer, claims: Mapping[str, Any]) -> Grant:
    """What the issuer's mapping makes of these claims; an empty grant where no value is in the mapping."""
    if issuer.roles_claim is None:
        return Grant()
    values = _texts(_at(claims, issuer.roles_claim))
    matched = [rule for rule in issuer.mapping if rule.value in values]
    roles = frozenset(role for rule in matched for role in rule.roles)
    whole_region = any(_is_region_wide(rule) for rule in matched)
    centres = frozenset[str]() if whole_region else frozenset(code for rule in matched for code in rule.centres)
    return Grant(roles, centres)


def name_of(issuer: Issuer, claims: Mapping[str, Any]) -> str | None:
    """The display name: one line of `NAME_LENGTH` characters at most; None where the claim is missing."""
    name = _at(claims, issuer.name_claim)
    line = " ".join(name.split()) if isinstance(name, str) else ""
    return line[:NAME_LENGTH] or None


def lacks(issuer: Issuer, claims: Mapping[str, Any]) -> bool:
    """Whether a claim that is wanted is not there, so that the provider is asked for it by `userinfo`."""
    wanted = [issuer.name_claim, *([issuer.roles_claim] if issuer.roles_claim is not None else [])]
    return any(_at(claims, name) is None for name in wanted)


def _is_region_wide(rule: ClaimRule) -> bool:
    return Role.MANAGER in rule.roles and not rule.centres


def _at(claims: Mapping[str, Any], path: str) -> Any:
    """The claim of this name, or at this path: Keycloak's `realm_access.roles` is an object in an object."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for name in path.split("."):
        if not isinstance(found, Mapping):
            return None
        found = cast(Mapping[str, Any], found).get(name)
    return found


def _texts(value: Any) -> frozenset[str]:
    values = cast(list[Any], value) if isinstance(value, list) else [value]
    return frozenset(one for one in values if isinstance(one, str))
