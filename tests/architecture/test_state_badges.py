"""Every state that a service shows has an icon and a tone in the service's templates, and a word in each language."""

from collections.abc import Iterable
from enum import StrEnum
from types import SimpleNamespace
from typing import Any, cast

import pytest

from services.chassis import i18n
from services.chassis.mail.messages import MailState
from services.chassis.storage.tables import DeadLetterState
from services.chassis.web.pages import Site
from services.contracts.accounts import AccountStatus
from services.contracts.directory import ReferralStatus, ServiceStatus
from services.contracts.intake import VisitStatus
from services.contracts.plans import ActionStatus
from services.contracts.scheduling import AppointmentStatus
from services.directory.domain.accounts import TokenState
from services.launcher.catalogue import SERVICES
from services.launcher.messages import STATES
from services.plans.domain import Stage

WAITING = (VisitStatus.WAITING, VisitStatus.CALLED, VisitStatus.BEING_SERVED)
SHOWN: list[tuple[str, str, Iterable[StrEnum]]] = [
    ("dead_letter_states.html", "dead_letter_badge", DeadLetterState),
    ("mail_states.html", "mail_badge", MailState),
    ("intake/states.html", "visit_badge", VisitStatus),
    ("scheduling/states.html", "visit_badge", WAITING),
    ("scheduling/states.html", "interview_badge", AppointmentStatus),
    ("plans/states.html", "referral_badge", ReferralStatus),
    ("plans/states.html", "action_badge", ActionStatus),
    ("plans/states.html", "plan_badge", Stage),
    ("directory/states.html", "referral_badge", ReferralStatus),
    ("directory/states.html", "service_badge", ServiceStatus),
    ("directory/states.html", "account_badge", AccountStatus),
    ("directory/states.html", "token_badge", TokenState),
]


@pytest.mark.parametrize(
    ("template", "macro", "state"), [(template, macro, state) for template, macro, states in SHOWN for state in states]
)
def test_a_state_has_a_badge_with_its_word(template: str, macro: str, state: StrEnum) -> None:
    service = SERVICES[template.partition("/")[0] if "/" in template else "intake"]
    site = Site([service.folder], {service.name: service.nav}, secure=False)
    # A visit's badge needs the visit: one that was called and left did not come.
    given = (
        SimpleNamespace(status=state, called_at=None, closed_by=None)
        if template == "intake/states.html"
        else state.value
    )
    shown = str(getattr(cast(Any, site.templates.get_template(template).module), macro)(given))
    word = i18n.word_of(state)
    assert word[:1].upper() + word[1:] in shown
    assert "<svg" in shown


@pytest.mark.parametrize("lang", i18n.LANGUAGES)
def test_a_state_has_a_word_in_each_language(lang: str) -> None:
    """Also English, in which other messages need no catalogue; a word that is also the code counts."""
    states = [state for several in STATES.values() for kind in several for state in kind]
    assert [state for state in states if not i18n.catalogue(lang).pgettext(type(state).__name__, state.value)] == []
    assert i18n.word_of(VisitStatus.BEING_SERVED, lang=lang) != "being_served"
