"""Records that become dead letters, and where an operator finds these."""

from datetime import UTC, datetime
from uuid import UUID

from services.chassis.testing import record_of
from services.contracts.cloudevents import Record
from services.contracts.intake import VisitServed

PAGE = "/sample/dead-letters"
API = "/sample/api/v1/dead-letters"
AS_PAGE = {"accept": "text/html", "accept-language": "en"}
NOON = datetime(2026, 3, 2, 9, tzinfo=UTC)


def served(visit: UUID, sequence: int = 1) -> Record:
    return record_of(VisitServed(visit_id=visit, centre="huy", at=NOON), sequence)._replace(partition=1, offset=7)


def broken(visit: UUID) -> Record:
    return served(visit)._replace(value=b"\xff{<b>")
