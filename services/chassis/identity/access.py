"""Who may use a route."""

from collections.abc import Iterable

from services.chassis.identity.people import Person
from services.chassis.refusals import NotAllowed, NotForVisitors, NotSignedIn
from services.contracts.roles import Role


class AccessPolicy:
    """Who may use a route. Every route carries one; a route without one does not start."""

    def __init__(self, roles: Iterable[Role] | None) -> None:
        self.roles = None if roles is None else frozenset(roles)
        """None: anyone, signed in or not."""

    def admit(self, person: Person | None) -> Person | None:
        """The person, if the policy admits them. Raises `NotSignedIn` or `NotAllowed`."""
        if self.roles is None:
            return person
        if person is None:
            raise NotSignedIn()
        if not person.roles & self.roles:
            raise NotForVisitors() if person.has(Role.VISITOR) else NotAllowed()
        return person
