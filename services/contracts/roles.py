"""The roles of the people and machines that sign in."""

from enum import StrEnum


class Role(StrEnum):
    """A role of a signed-in person."""

    FRONT_DESK = "front-desk"
    KIOSK = "kiosk"
    """Software that checks visitors in, and sees nothing of them."""
    COUNSELLOR = "counsellor"
    VISITOR = "visitor"
    PROVIDER = "provider"
    CITE = "cite"
    MANAGER = "manager"
    OPERATOR = "operator"
