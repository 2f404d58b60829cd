"""Who sends a request, in which role, for which centres."""

from typing import Annotated, NamedTuple
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.chassis.refusals import WrongCentre, msg
from services.contracts.roles import Role

ROLE_LABELS = {
    Role.FRONT_DESK: msg("Front desk"),
    Role.KIOSK: msg("Kiosk"),
    Role.COUNSELLOR: msg("Counsellor"),
    Role.VISITOR: msg("Visitor"),
    Role.PROVIDER: msg("Provider"),
    Role.CITE: msg("Cité des métiers"),
    Role.MANAGER: msg("Region"),
    Role.OPERATOR: msg("Operations"),
}


class Claim(NamedTuple):
    """A further attribute of an account. The service that reads it defines its name."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z_]{0,39}$")]
    value: Annotated[str, Field(min_length=1, max_length=200)]


class Person(BaseModel):
    """The person or machine that is signed in. Staff have centres; a visitor a `subject_ref`; the rest are claims."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str
    """Identifier for logs: an account or a machine, never a visitor's name."""
    name: str
    roles: frozenset[Role]
    centres: frozenset[str] = frozenset()
    """Centres this person works for; empty with role manager or operator: all."""
    subject_ref: UUID | None = None
    other_refs: frozenset[UUID] = frozenset()
    """Further references of a visitor who was registered twice and merged."""
    claims: frozenset[Claim] = frozenset()

    @field_validator("claims")
    @classmethod
    def _one_value_each(cls, claims: frozenset[Claim]) -> frozenset[Claim]:
        if len({claim.name for claim in claims}) < len(claims):
            raise ValueError("a claim has two values")
        return claims

    def claim(self, name: str) -> str | None:
        """The value of this claim; None if the account lacks it."""
        return next((claim.value for claim in self.claims if claim.name == name), None)

    @property
    def role_label(self) -> str:
        """The msgid of the first role, in the order of `Role`."""
        return ROLE_LABELS[next(role for role in Role if role in self.roles)]

    def has(self, *roles: Role) -> bool:
        """Whether the person has any of these roles."""
        return bool(self.roles & set(roles))

    def at(self, centre: str) -> str:
        """The centre, if the person works there. Raises `WrongCentre`."""
        if not self.works_at(centre):
            raise WrongCentre(yours=sorted(self.centres), centre=centre)
        return centre

    def works_at(self, centre: str) -> bool:
        """Whether the person works for this centre."""
        return centre in self.centres or self.region_wide

    @property
    def region_wide(self) -> bool:
        """Whether the person works for every centre: a manager or an operator without centres of their own."""
        return not self.centres and self.has(Role.MANAGER, Role.OPERATOR)

    @property
    def references(self) -> tuple[UUID, ...]:
        """Every reference of a visitor: that of the link which they opened first."""
        return (self.subject_ref, *sorted(self.other_refs)) if self.subject_ref is not None else ()

    def is_subject(self, subject_ref: UUID) -> bool:
        """Whether this visitor is that person, by whichever of their references."""
        return self.has(Role.VISITOR) and (self.subject_ref == subject_ref or subject_ref in self.other_refs)


def visitor(subject_ref: UUID, other_refs: frozenset[UUID] = frozenset()) -> Person:
    """A visitor who opened their personal link. The name is known only to the service that registered them."""
    return Person(
        subject=f"visitor/{subject_ref}",
        name="–",
        roles=frozenset({Role.VISITOR}),
        subject_ref=subject_ref,
        other_refs=other_refs,
    )
