"""Everyone who asks: of each role one on the side of Liège and one on the other side, and those without a side.

What is asked about is always Liège's: its visitor's, its counsellor's, its provider's. So `counsellor` is that of the
centre in question, and `other counsellor` one of Namur.
"""

from dataclasses import dataclass

OTHER = "other "
NOBODY, INACTIVE = "nobody", "inactive"
SIDED = ("visitor", "front desk", "device", "counsellor", "provider", "cité", "manager")
"""One on each side. `device`: the token of a kiosk, which only checks in. `cité`: the token of a partner."""
REGION, OPERATOR, CENTRES_OPERATOR = "region", "operator", "operator of a centre"
"""A manager without centres, and operations; the last one has a centre, and so no right."""
CALLERS = (NOBODY, INACTIVE, *SIDED, *(OTHER + role for role in SIDED), REGION, OPERATOR, CENTRES_OPERATOR)
"""`inactive`: a counsellor of Liège whose account was deactivated."""


@dataclass(frozen=True, slots=True)
class Rule:
    """Who gets through a route."""

    who: frozenset[str]
    another: int | None
    """What the same role of the other side is answered; None: 403, as everyone else."""
    hidden: frozenset[str] = frozenset()
    """Who is answered 404, although the role is right: the thing does not exist for them."""
    unknown: frozenset[str] = frozenset()
    """Whose sign-in is none for this service."""

    def expected(self, caller: str) -> int | None:
        """The status of a refusal; None: the caller gets through."""
        if caller in self.who:
            return None
        if caller in (NOBODY, INACTIVE) or caller in self.unknown:
            return 401
        if caller in self.hidden:
            return 404
        return self.another if twin(caller) in self.who and self.another is not None else 403


def twin(caller: str) -> str:
    """The caller of the same role on the other side."""
    return caller.removeprefix(OTHER) if caller.startswith(OTHER) else OTHER + caller
