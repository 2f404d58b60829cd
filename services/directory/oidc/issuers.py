"""The providers that the settings name, and what their claims mean here."""

from collections import Counter
from pathlib import Path
from typing import Annotated, Any, Self

from authlib.common.security import is_secure_transport
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, field_validator, model_validator

from services.chassis.refusals import Refused
from services.contracts.roles import Role
from services.directory.domain.accounts import STAFF_ROLES, Rights, check_rights
from services.directory.domain.centres import CENTRES

Text = Annotated[str, Field(min_length=1, max_length=200)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ClaimRule(_Strict):
    """A value of the roles claim, and what it gives here."""

    value: Text
    roles: Annotated[frozenset[Role], Field(min_length=1)]
    centres: frozenset[str] = frozenset()
    """Codes of centres. Without any, a manager or an operator has the whole region."""

    @model_validator(mode="after")
    def _can_be_given(self) -> Self:
        if refused := self.roles - set(STAFF_ROLES):
            raise ValueError(
                f"un groupe ne peut pas donner ce rôle : {_listed(refused)}. Rôles possibles : {_listed(STAFF_ROLES)}"
            )
        if unknown := self.centres - {centre.code for centre in CENTRES}:
            raise ValueError(f"ce centre n’existe pas : {_listed(unknown)}")
        try:
            check_rights(self.rights, None)
        except Refused as refusal:
            raise ValueError(f"{_listed(self.roles)} : ajoutez `centres` ({refusal.slug})") from refusal
        return self

    @property
    def rights(self) -> Rights:
        """What it gives."""
        return Rights(self.roles, self.centres)


class Issuer(_Strict):
    """A provider of sign-ins."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,30}$")]
    """Its name in addresses: `/directory/sign-in/oidc/<key>`."""
    issuer: Text
    """Exactly the `issuer` of its discovery document; https, or http on loopback."""
    client_id: Text
    client_secret_file: Path | None = None
    """Without it, cefo is a public client (PKCE alone)."""
    label: Text
    """What people read on the button: the name of their organisation."""
    scopes: tuple[Text, ...] = ("openid", "profile")
    name_claim: Text = "name"
    roles_claim: Text | None = None
    """A claim's name, or a path with dots: `realm_access.roles`."""
    mapping: tuple[ClaimRule, ...] = ()
    """Without it, roles and centres are given in cefo, and each new account waits for a manager."""

    @field_validator("issuer")
    @classmethod
    def _is_an_issuer(cls, issuer: str) -> str:
        if not is_secure_transport(issuer) or "?" in issuer or "#" in issuer:
            raise ValueError("indiquez une adresse https sans « ? » ni « # » (http sur cette machine seulement)")
        return issuer

    @field_validator("scopes")
    @classmethod
    def _asks_for_openid(cls, scopes: tuple[str, ...]) -> tuple[str, ...]:
        if "openid" not in scopes:
            raise ValueError("ajoutez `openid` à `scopes`")
        return scopes

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.client_secret_file is not None:
            self.client_secret()
        if self.mapping and self.roles_claim is None:
            raise ValueError("`mapping` demande `roles_claim`")
        return self

    def client_secret(self) -> str | None:
        """The secret, read from its file each time, so that it can be renewed. Raises `ValueError` without one."""
        if self.client_secret_file is None:
            return None
        try:
            secret = self.client_secret_file.read_text().strip()
        except OSError as error:
            raise ValueError(f"{self.client_secret_file} ne peut pas être lu : {error.strerror}") from error
        if not secret:
            raise ValueError(f"{self.client_secret_file} est vide")
        return secret


_ISSUERS = TypeAdapter(tuple[Issuer, ...])


def issuers_of(value: Any) -> tuple[Issuer, ...]:
    """The issuers of a setting: a JSON list, or the path of a file with one. Raises `ValueError` with what is wrong."""
    if not isinstance(value, str):
        return tuple(value)
    text = value.strip()
    if not text:
        return ()
    if not text.startswith("["):
        try:
            text = Path(text).read_text()
        except OSError as error:
            raise ValueError(f"{value} ne peut pas être lu : {error.strerror}") from error
    try:
        issuers = _ISSUERS.validate_json(text)
    except ValidationError as error:
        raise ValueError("; ".join(_fault(fault) for fault in error.errors(include_input=False))) from error
    for name in ("key", "issuer"):
        if twice := [one for one, count in Counter(getattr(issuer, name) for issuer in issuers).items() if count > 1]:
            raise ValueError(f"deux fournisseurs ont le même champ `{name}` : {_listed(twice)}")
    return issuers


def _fault(fault: Any) -> str:
    return (
        f"{'.'.join(str(part) for part in fault['loc']) or 'la liste'} : {fault['msg'].removeprefix('Value error, ')}"
    )


def _listed(values: Any) -> str:
    return ", ".join(sorted(str(value) for value in values))
