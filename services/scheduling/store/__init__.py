"""Scheduling's tables and queries."""

from services.scheduling.store.availability import CounsellorAbsence, CounsellorProfile
from services.scheduling.store.booking_rules import CentreRules
from services.scheduling.store.copies import Account, Centre, KnownPerson, Waiting, WaitingBoard
from services.scheduling.store.counsellors import PastCounsellor
from services.scheduling.store.earlier import EarlierOffer, EarlierWish
from services.scheduling.store.external import ExternalBusy, ExternalCalendar
from services.scheduling.store.feeds import CounsellorFeed, VisitorFeed
from services.scheduling.store.holds import SlotHold
from services.scheduling.store.hours import CounsellorHours
from services.scheduling.store.interviews import GuidancePath, Interview, QuarterHour, UnrestatedInterview
from services.scheduling.store.paths import PathChange
from services.scheduling.store.persons import Alias, Export, Visitor
from services.scheduling.store.rooms import Room
from services.scheduling.store.table import Table
from services.scheduling.store.workshops import Attendance, Seat, Session, SessionArrival, Workshop

__all__ = [
    "Account",
    "Alias",
    "Attendance",
    "Centre",
    "CentreRules",
    "CounsellorAbsence",
    "CounsellorFeed",
    "CounsellorHours",
    "CounsellorProfile",
    "EarlierOffer",
    "EarlierWish",
    "Export",
    "ExternalBusy",
    "ExternalCalendar",
    "GuidancePath",
    "Interview",
    "KnownPerson",
    "PastCounsellor",
    "PathChange",
    "QuarterHour",
    "Room",
    "Seat",
    "Session",
    "SessionArrival",
    "SlotHold",
    "Table",
    "UnrestatedInterview",
    "Visitor",
    "VisitorFeed",
    "Waiting",
    "WaitingBoard",
    "Workshop",
]
