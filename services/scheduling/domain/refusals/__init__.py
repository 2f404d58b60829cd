"""The refusals of scheduling.

::

    Refused
    ├── NotInTheRoom, AlreadyInInterview, HasAppointment, NotRunning, TooLateToUndo, VisitorIsHere,
    │   VisitorHasArrived, NotArrived                                    the counsellor's board
    ├── PersonUnknown, ConsentMissing, PathStillOpen, PathIsClosed, StillBooked     people and paths
    ├── FifthInterview, FinalisingNotDue, OneFinalisingSession           the method's rules
    ├── NoStaffCode                                                      (403) an account without a counsellor's code
    ├── Overlap (CounsellorAway), HoldOver, NotBooked, NotYet, MovedMeanwhile, TooLateOnline,
    │   TooSoonOnline, OneOpenBooking, NothingToBook                     the calendar
    ├── WorkshopClosed, WorkshopFull, DoubleSeat, SeatNotTaken, SeatHasArrived           workshops
    ├── RoomExists, RoomCodeTaken, TooManyRooms                          the rooms of a centre
    └── Invalid: WrongLength, NotOnQuarterHour, NotInFuture, InTheFuture, TooFarAhead, TooLongAgo, OutsideHours,
        NoSuchLocalTime, SpanBackwards, SpanTooLong, UnknownSlot, UnknownCounsellor, CounsellorInactive, UnknownRoom,
        RoomInactive, RoomAtHome, NamelessRoom, TooManyPlaces, PlacesMissing, WorkshopTooOld, SessionsOverlap;
        of availability:
        RuleNotWeekly, HoursBackwards, EndsBeforeStart, AbsenceBackwards, AbsenceTooLong, TooManyRows, TooSoon,
        OutsideWorkingHours; and of imports: FieldMissing, FieldOutOfPlace, PathDiffers, NumberTaken,
        TooManyParticipants, AttendanceIncomplete
"""

from services.scheduling.domain.refusals.availability import (
    AbsenceBackwards,
    AbsenceTooLong,
    CounsellorAway,
    EndsBeforeStart,
    HoursBackwards,
    OutsideWorkingHours,
    RuleNotWeekly,
    TooManyRows,
    TooSoon,
)
from services.scheduling.domain.refusals.board import (
    AlreadyInInterview,
    HasAppointment,
    NoStaffCode,
    NotArrived,
    NotInTheRoom,
    NotRunning,
    TooLateToUndo,
    VisitorHasArrived,
    VisitorIsHere,
)
from services.scheduling.domain.refusals.calendar import (
    HoldOver,
    InTheFuture,
    MovedMeanwhile,
    NoSuchLocalTime,
    NotBooked,
    NothingToBook,
    NotInFuture,
    NotOnQuarterHour,
    NotYet,
    OneOpenBooking,
    OutsideHours,
    Overlap,
    SpanBackwards,
    SpanTooLong,
    TooFarAhead,
    TooLateOnline,
    TooLongAgo,
    TooSoonOnline,
    UnknownSlot,
    WrongLength,
)
from services.scheduling.domain.refusals.counsellors import CounsellorInactive, UnknownCounsellor
from services.scheduling.domain.refusals.imported import (
    AttendanceIncomplete,
    FieldMissing,
    FieldOutOfPlace,
    NumberTaken,
    PathDiffers,
    TooManyParticipants,
)
from services.scheduling.domain.refusals.paths import (
    ConsentMissing,
    FifthInterview,
    FinalisingNotDue,
    OneFinalisingSession,
    PathIsClosed,
    PathStillOpen,
    PersonUnknown,
    StillBooked,
)
from services.scheduling.domain.refusals.rooms import (
    NamelessRoom,
    PlacesMissing,
    RoomAtHome,
    RoomCodeTaken,
    RoomExists,
    RoomInactive,
    TooManyPlaces,
    TooManyRooms,
    UnknownRoom,
)
from services.scheduling.domain.refusals.workshops import (
    DoubleSeat,
    SeatHasArrived,
    SeatNotTaken,
    SessionsOverlap,
    WorkshopClosed,
    WorkshopFull,
    WorkshopTooOld,
)

__all__ = [
    "AbsenceBackwards",
    "AbsenceTooLong",
    "AlreadyInInterview",
    "AttendanceIncomplete",
    "ConsentMissing",
    "CounsellorAway",
    "CounsellorInactive",
    "DoubleSeat",
    "EndsBeforeStart",
    "FieldMissing",
    "FieldOutOfPlace",
    "FifthInterview",
    "FinalisingNotDue",
    "HasAppointment",
    "HoldOver",
    "HoursBackwards",
    "InTheFuture",
    "MovedMeanwhile",
    "NamelessRoom",
    "NoStaffCode",
    "NoSuchLocalTime",
    "NotArrived",
    "NotBooked",
    "NotInFuture",
    "NotInTheRoom",
    "NotOnQuarterHour",
    "NotRunning",
    "NotYet",
    "NothingToBook",
    "NumberTaken",
    "OneFinalisingSession",
    "OneOpenBooking",
    "OutsideHours",
    "OutsideWorkingHours",
    "Overlap",
    "PathDiffers",
    "PathIsClosed",
    "PathStillOpen",
    "PersonUnknown",
    "PlacesMissing",
    "RoomAtHome",
    "RoomCodeTaken",
    "RoomExists",
    "RoomInactive",
    "RuleNotWeekly",
    "SeatHasArrived",
    "SeatNotTaken",
    "SessionsOverlap",
    "SpanBackwards",
    "SpanTooLong",
    "StillBooked",
    "TooFarAhead",
    "TooLateOnline",
    "TooLateToUndo",
    "TooLongAgo",
    "TooManyParticipants",
    "TooManyPlaces",
    "TooManyRooms",
    "TooManyRows",
    "TooSoon",
    "TooSoonOnline",
    "UnknownCounsellor",
    "UnknownRoom",
    "UnknownSlot",
    "VisitorHasArrived",
    "VisitorIsHere",
    "WorkshopClosed",
    "WorkshopFull",
    "WorkshopTooOld",
    "WrongLength",
]
