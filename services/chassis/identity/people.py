"""Who sends a request, in which role, for which centres."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.chassis.refusals import WrongCentre, msg
from services.contracts.roles import Role

ROLE_LABELS = {
    Role.FRONT_DESK: msg("Front desk"),
    Role.COUNSELLOR: msg("Counsellor"),
    Role.VISITOR: msg("Visitor"),
    Role.PROVIDER: msg("Provider"),
    Role.CITE: msg("Cité des métiers"),
    Role.MANAGER: msg("Region"),
    Role.OPERATOR: msg("Operations"),
}


class Person(BaseModel):
    """Whoever is signed in. Staff have centres; a visitor a `subject_ref`; a provider an `organization_id`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str
    """Who, for the log: an account or a machine, never a name of a visitor."""
    name: str
    roles: frozenset[Role]
    centres: frozenset[str] = frozenset()
    """Centres this person works for; empty with role manager or operator: all."""
    staff_code: str | None = None
    """The code under which scheduling knows a counsellor."""
    subject_ref: UUID | None = None
    organization_id: UUID | None = None

    @property
    def role_label(self) -> str:
        """The msgid of the most telling role."""
        return ROLE_LABELS[next(role for role in Role if role in self.roles)]

    def has(self, *roles: Role) -> bool:
        """Whether the person has any of these roles."""
        return bool(self.roles & set(roles))

    def at(self, centre: str) -> str:
        """The centre, if the person works there. Raises `WrongCentre`."""
        if not self.works_at(centre):
            raise WrongCentre(yours=", ".join(sorted(self.centres)) or "–", centre=centre)
        return centre

    def works_at(self, centre: str) -> bool:
        """Whether the person works for this centre."""
        return centre in self.centres or self.has(Role.MANAGER, Role.OPERATOR)

    def is_subject(self, subject_ref: UUID) -> bool:
        """Whether this visitor is that person."""
        return self.has(Role.VISITOR) and self.subject_ref == subject_ref


def visitor(subject_ref: UUID) -> Person:
    """Whoever holds this person's link: nobody else knows the name."""
    return Person(subject=f"visitor/{subject_ref}", name="–", roles=frozenset({Role.VISITOR}), subject_ref=subject_ref)
