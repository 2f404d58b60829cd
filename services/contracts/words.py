"""The enumerations of the contracts whose members have words in the catalogues, by their names."""

from enum import StrEnum

from services.contracts.accounts import AccountKind, AccountStatus
from services.contracts.appointments import AppointmentMode
from services.contracts.arrivals import Activity
from services.contracts.directory import ReferralStatus, ServiceStatus
from services.contracts.intake import Channel, VisitStatus
from services.contracts.outcomes import InformationTopic, NextStep
from services.contracts.plans import ActionStatus
from services.contracts.scheduling import AppointmentStatus, InterviewKind, Method

WITH_WORDS: tuple[type[StrEnum], ...] = (
    VisitStatus,
    Channel,
    Activity,
    AppointmentStatus,
    AppointmentMode,
    InterviewKind,
    Method,
    InformationTopic,
    NextStep,
    ActionStatus,
    ReferralStatus,
    ServiceStatus,
    AccountStatus,
    AccountKind,
)
