"""The roles that people sign in with: the people of the domain."""

from enum import StrEnum


class Role(StrEnum):
    """What a person is here as."""

    FRONT_DESK = "front-desk"
    COUNSELLOR = "counsellor"
    VISITOR = "visitor"
    PROVIDER = "provider"
    CITE = "cite"
    MANAGER = "manager"
    OPERATOR = "operator"
