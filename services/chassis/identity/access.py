"""Who may use a route."""

from collections.abc import Iterable

from services.chassis.identity.people import Person
from services.chassis.refusals import NotAllowed, NotForVisitors, NotSignedIn, Refused
from services.contracts.roles import Role


class AccessPolicy:
    """Who may use a route. Every route carries one; a route without one does not start."""

    def __init__(self, roles: Iterable[Role] | None, region_wide: Iterable[Role] = (), key: str | None = None) -> None:
        """`region_wide`: further roles, of people who work for the whole region.

        `key`: who is signed in does not count; the route itself checks a bearer token of this kind.
        """
        self.key = key
        self.region_wide = frozenset(region_wide)
        self.roles = None if roles is None else frozenset(roles) | self.region_wide
        """None: anyone, signed in or not."""

    def admit(self, person: Person | None) -> Person | None:
        """The person, if the policy admits them. Raises `NotSignedIn` or `NotAllowed`."""
        if not self.admits(person):
            raise _refusal_of(person)
        return person

    def admits(self, person: Person | None) -> bool:
        """Whether the policy admits this person; None: nobody is signed in."""
        if self.roles is None:
            return True
        if person is None:
            return False
        return bool(person.roles & (self.roles if person.region_wide else self.roles - self.region_wide))


def _refusal_of(person: Person | None) -> Refused:
    if person is None:
        return NotSignedIn()
    return NotForVisitors() if person.has(Role.VISITOR) else NotAllowed()
