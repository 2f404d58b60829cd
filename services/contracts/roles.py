"""The roles of the people and machines that sign in."""

from enum import StrEnum


class Role(StrEnum):
    """A role of a signed-in person."""

    FRONT_DESK = "front-desk"
    COUNSELLOR = "counsellor"
    VISITOR = "visitor"
    PROVIDER = "provider"
    CITE = "cite"
    MANAGER = "manager"
    OPERATOR = "operator"
