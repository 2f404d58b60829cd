"""The roles of scheduling's JSON API, and the common fields of its bodies."""

from typing import Annotated

from pydantic import Field

from services.chassis.identity.people import Person
from services.chassis.web import Body, allow
from services.contracts.roles import Role
from services.contracts.text import Key
from services.contracts.values import Version

Counsellor = Annotated[Person, allow(Role.COUNSELLOR)]
Team = Annotated[Person, allow(Role.COUNSELLOR, Role.FRONT_DESK)]
Operator = Annotated[Person, allow(region_wide=[Role.OPERATOR])]

PREFIX = "/scheduling/api/v1"
CentreCode = Annotated[Key, Field(description="Code of a centre, for example `liege`.")]


class Change(Body):
    """A change. `version`: the expected one; refused if it has changed."""

    version: Version | None = None
