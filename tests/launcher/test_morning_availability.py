"""The demonstration's counsellors have hours; one whose account was deactivated stops nothing."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from services.chassis.identity.people import Person
from services.launcher import demo, morning

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


class Answering(morning.Team):
    """A team whose server knows these counsellors, and refuses every other one."""

    def __init__(self, listed: set[str]) -> None:
        self.region = demo.ACCOUNTS["region"].person
        self._listed = listed
        self.entered = set[str]()

    async def request(self, who: Person, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """As the API answers, without waiting until a refused request is accepted."""
        _, _, rest = path.partition("/scheduling/api/v1/counsellors")
        if rest.startswith("?centre="):
            centre = rest.removeprefix("?centre=")
            return [{"code": code} for code in sorted(self._listed) if code.startswith(centre)]
        code = rest.split("/")[1]
        if code not in self._listed:
            raise TimeoutError(path)
        if method == "PUT":
            self.entered.add(code)
        return {"version": 0, "hours": []}

    async def close(self) -> None:
        """Nothing is open."""


@pytest.mark.parametrize("gone", [None, *morning.COUNSELLORS])
async def test_who_is_not_in_the_list_of_the_centre_is_left_out(gone: str | None) -> None:
    there = morning.COUNSELLORS.keys() - {gone}
    team = Answering(set(there))
    await morning.enter_availability(team, NOW)
    assert team.entered == there
