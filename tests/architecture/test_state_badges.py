"""Every state that a service shows has an icon, a tone and a word in the service's own templates."""

from collections.abc import Iterable
from typing import Any, cast

import pytest

from services.chassis.storage.tables import DeadLetterState
from services.chassis.web.pages import Site
from services.contracts.directory import SERVICE_STATUSES, ReferralStatus
from services.contracts.intake import VisitStatus
from services.contracts.scheduling import AppointmentStatus
from services.launcher.catalogue import SERVICES
from services.plans.pages.words import ACTION_BADGES

SHOWN: list[tuple[str, Iterable[str]]] = [
    ("dead_letter_states.html", DeadLetterState),
    ("intake/states.html", VisitStatus),
    ("scheduling/states.html", [*AppointmentStatus, VisitStatus.WAITING, VisitStatus.CALLED, VisitStatus.BEING_SERVED]),
    ("plans/states.html", [*ReferralStatus, *ACTION_BADGES.values()]),
    ("directory/states.html", [*ReferralStatus, *SERVICE_STATUSES]),
]


@pytest.mark.parametrize(
    ("template", "state"), [(template, str(state)) for template, states in SHOWN for state in states]
)
def test_a_state_has_its_badge_and_its_word(template: str, state: str) -> None:
    service = SERVICES[template.partition("/")[0] if "/" in template else "intake"]
    site = Site([service.folder], {service.name: ()}, secure=False)
    macros = cast(Any, site.templates.get_template(template).module)
    word = str(macros.state_word(state))
    assert word.strip()
    assert word in str(macros.status_badge(state))
    assert "other word" in str(macros.status_badge(state, "other word"))
