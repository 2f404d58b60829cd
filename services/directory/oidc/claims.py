"""Rights and name from the claims of a verified sign-in."""

from collections.abc import Mapping
from typing import Any, cast

from services.contracts.text import mended
from services.directory.domain.accounts import Rights
from services.directory.oidc.issuers import Issuer

NAME_LENGTH = 120


def rights_of(issuer: Issuer, claims: Mapping[str, Any]) -> Rights:
    """What the issuer's mapping makes of these claims; no rights where no value is in the mapping.

    Several values give all their roles at all their centres. One that makes a region-wide manager needs no centres.
    """
    if issuer.roles_claim is None:
        return Rights()
    values = _texts(_at(claims, issuer.roles_claim))
    matched = [rule.rights for rule in issuer.mapping if rule.value in values]
    roles = frozenset(role for rights in matched for role in rights.roles)
    if any(rights.manages_region for rights in matched):
        return Rights(roles)
    return Rights(roles, frozenset(code for rights in matched for code in rights.centres))


def name_of(issuer: Issuer, claims: Mapping[str, Any]) -> str | None:
    """The display name: one line of `NAME_LENGTH` characters at most; None where the claim is missing."""
    name = _at(claims, issuer.name_claim)
    line = mended(" ".join(name.split())) if isinstance(name, str) else ""
    return line[:NAME_LENGTH] or None


def lacks(issuer: Issuer, claims: Mapping[str, Any]) -> bool:
    """Whether a claim that is wanted is not there, so that the provider is asked for it by `userinfo`."""
    wanted = [issuer.name_claim, *([issuer.roles_claim] if issuer.roles_claim is not None else [])]
    return any(_at(claims, name) is None for name in wanted)


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
