"""The web as every service uses it: routes with rules, units of work, pages, live boards, imports, clear refusals."""

from services.chassis.web.forms import by_field, read_form, tried
from services.chassis.web.imports import Outcome, fingerprints_of, import_lines, take_in
from services.chassis.web.live import PAGE, Change, live_board, live_changes
from services.chassis.web.pages import fragment, page, personal_link, see_other
from services.chassis.web.problems import explain, faults_of
from services.chassis.web.routing import Body, Reading, Router, Running, Working, allow, anyone, cause_of

__all__ = [
    "PAGE",
    "Body",
    "Change",
    "Outcome",
    "Reading",
    "Router",
    "Running",
    "Working",
    "allow",
    "anyone",
    "by_field",
    "cause_of",
    "explain",
    "faults_of",
    "fingerprints_of",
    "fragment",
    "import_lines",
    "live_board",
    "live_changes",
    "page",
    "personal_link",
    "read_form",
    "see_other",
    "take_in",
    "tried",
]
