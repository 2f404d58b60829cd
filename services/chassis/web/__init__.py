"""The web layer of every service: routes with access policies, pages, forms, live boards, imports, problems."""

from services.chassis.web.forms import apply_form, by_field, errors_of, read_form
from services.chassis.web.imports import (
    Outcome,
    SeveralRefused,
    check_each,
    fingerprints_of,
    import_lines,
    import_once,
    imports,
)
from services.chassis.web.limits import LimitCheck, limited, limits_of
from services.chassis.web.live import PAGE, Board, Change, live_board, live_changes
from services.chassis.web.media import Csv, EventStream
from services.chassis.web.once import ByKey, Once
from services.chassis.web.pages import fragment, page, see_other
from services.chassis.web.problems import explain, faults_of
from services.chassis.web.problems import title as problem_title
from services.chassis.web.redirects import local_path
from services.chassis.web.routing import Body, Reading, Router, Running, Working, allow, anyone, by_device_key, cause_of
from services.chassis.web.security import bearer_of
from services.chassis.web.sign_in import (
    close_visit,
    delete_sign_in_cookies,
    signed_in_as,
    signed_in_with,
    visitor_signed_in,
)

__all__ = [
    "PAGE",
    "Board",
    "Body",
    "ByKey",
    "Change",
    "Csv",
    "EventStream",
    "LimitCheck",
    "Once",
    "Outcome",
    "Reading",
    "Router",
    "Running",
    "SeveralRefused",
    "Working",
    "allow",
    "anyone",
    "apply_form",
    "bearer_of",
    "by_device_key",
    "by_field",
    "cause_of",
    "check_each",
    "close_visit",
    "delete_sign_in_cookies",
    "errors_of",
    "explain",
    "faults_of",
    "fingerprints_of",
    "fragment",
    "import_lines",
    "import_once",
    "imports",
    "limited",
    "limits_of",
    "live_board",
    "live_changes",
    "local_path",
    "page",
    "problem_title",
    "read_form",
    "see_other",
    "signed_in_as",
    "signed_in_with",
    "visitor_signed_in",
]
