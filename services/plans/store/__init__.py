"""The tables of plans and what is read from them."""

from services.plans.store.copies import Account, Centre, Provider, ProviderService, Referral, Visitor
from services.plans.store.lists import count_of_centre, count_ready, plans_of_centre, plans_of_subject
from services.plans.store.paths import Attendance, HeldInterview, Path, Subject, Table, Workshop
from services.plans.store.persons import Alias, Export
from services.plans.store.plans import (
    Action,
    ActionTrack,
    Assessment,
    Goal,
    InformationStep,
    Plan,
    Reflection,
    Revision,
    Written,
)
from services.plans.store.queries import (
    Sheet,
    active_services,
    areas_of,
    referrals_of_action,
    revisions_of,
    sheet,
    standings,
)

__all__ = [
    "Account",
    "Action",
    "ActionTrack",
    "Alias",
    "Assessment",
    "Attendance",
    "Centre",
    "Export",
    "Goal",
    "HeldInterview",
    "InformationStep",
    "Path",
    "Plan",
    "Provider",
    "ProviderService",
    "Referral",
    "Reflection",
    "Revision",
    "Sheet",
    "Subject",
    "Table",
    "Visitor",
    "Workshop",
    "Written",
    "active_services",
    "areas_of",
    "count_of_centre",
    "count_ready",
    "plans_of_centre",
    "plans_of_subject",
    "referrals_of_action",
    "revisions_of",
    "sheet",
    "standings",
]
