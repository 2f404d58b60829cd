"""The doors: every way by which a value comes in, each with a request that is right but for the value put into it.

To add a door, add it to `DOORS` with the kind of value that it takes. `"{value}"` is where the value goes.
"""

from typing import Any

from services.chassis.identity.people import Person
from services.contracts.roles import Role
from tests.doors.sending import Body, in_form, in_json, in_line, in_path, in_query
from tests.givens.intake import LIEGE_DESK
from tests.givens.plans import COUNSELLOR as PLANS_COUNSELLOR
from tests.givens.scheduling import COUNSELLOR

MANAGER = Person(subject="test/manager", name="Région", roles=frozenset({Role.MANAGER}))
SPRING = "2017-03-27T09:05:00+02:00"

FRIDAY = "2026-03-06T10:00:00+01:00"
VISIT: Body = {"visit_id": "{new}", "centre": "liege", "status": "no_queue", "checked_in_at": SPRING}
INTERVIEW: Body = {
    "interview_id": "{new}",
    "kind": "information",
    "centre": "liege",
    "counsellor": "liege-c01",
    "starts_at": SPRING,
    "minutes": "20",
    "status": "fulfilled",
}
SESSION: Body = {"session_id": "{new}", "starts_at": SPRING, "minutes": 120}
WORKSHOP: Body = {
    "workshop_id": "{new}",
    "centre": "liege",
    "title": "Changer de voie",
    "seats": 4,
    "counsellor": "liege-c01",
    "sessions": [SESSION],
    "participants": [],
}
BOOKING: Body = {"path_id": "{free}", "starts_at": FRIDAY, "minutes": 60}
ANNOUNCED: Body = {
    "centre": "liege",
    "title": "Oser",
    "seats": 5,
    "sessions": [{"starts_at": FRIDAY, "minutes": 120}],
}
ROOM: Body = {"centre": "liege", "name": "Salle {new}", "capacity": 8}
PLACE: Body = {"id": "{place}", "name": "Siège", "address": "Rue 1", "postal_code": "4000", "city": "Liège"}
HOURS: Body = {"weekdays": ["MO"], "opens_at": "09:00", "closes_at": "17:00", "valid_from": "2026-01-01"}
OFFER: Body = {
    "id": "{new}",
    "name": "Atelier",
    "description": "Un atelier.",
    "areas": ["find-job"],
    "places": [{"location_id": "{place}", "schedules": [HOURS]}],
}
ENTRY: Body = {"name": "Essai", "description": "Un essai.", "locations": [PLACE], "services": [OFFER]}
CENTRE: Body = {"name": "Mons", "areas": ["find-job"], "languages": ["fr"]}
REGISTRATION: Body = {"given_name": "Ana", "family_name": "Essai", "purposes": ["plan"]}
ORGANIZATION = "/directory/api/v1/organizations/{new}"
VISIT_PATH = "/intake/api/v1/visits/{new}"
ARRIVAL = "/intake/desk/liege/visits"
AGENDA = "/scheduling/api/v1"
NADIA = f"{AGENDA}/counsellors/liege-c01"
OFFERED: Body = {"languages": [], "areas": []}


def entry_with(**fields: Any) -> Body:
    """A provider's entry whose service has these fields."""
    return ENTRY | {"services": [OFFER | fields]}


PHONE = in_json(
    "provider: phone",
    "phone",
    MANAGER,
    "PUT",
    ORGANIZATION,
    "phones.0.number",
    ENTRY | {"phones": [{"number": "{value}"}]},
)
CENTRE_PHONE = in_json(
    "centre: phone",
    "phone",
    MANAGER,
    "PUT",
    "/directory/api/v1/centres/mons",
    "contact.phone",
    CENTRE | {"contact": {"phone": "{value}"}},
)
CONTACT = in_json(
    "visitor: contact",
    "contact",
    LIEGE_DESK,
    "POST",
    "/intake/api/v1/visits/{waiting}/visitor",
    "contact",
    REGISTRATION | {"contact": "{value}"},
)
DOORS = [
    in_json("check-in: centre", "key", LIEGE_DESK, "PUT", VISIT_PATH, "centre", {"centre": "{value}"}),
    in_json("check-in: at", "moment", LIEGE_DESK, "PUT", VISIT_PATH, "at", {"centre": "liege", "at": "{value}"}),
    in_json(
        "check-in: channel",
        "choice",
        LIEGE_DESK,
        "PUT",
        VISIT_PATH,
        "channel",
        {"centre": "liege", "channel": "{value}"},
    ),
    in_json(
        "check-in: queue", "yes-or-no", LIEGE_DESK, "PUT", VISIT_PATH, "queue", {"centre": "liege", "queue": "{value}"}
    ),
    in_json(
        "check-in: other areas",
        "key",
        LIEGE_DESK,
        "PUT",
        VISIT_PATH,
        "other_areas.0",
        {"centre": "liege", "other_areas": ["{value}"]},
    ),
    in_json(
        "check-in: list of other areas",
        "list",
        LIEGE_DESK,
        "PUT",
        VISIT_PATH,
        "other_areas",
        {"centre": "liege", "other_areas": "{value}"},
    ),
    in_json(
        "check-in: activity",
        "choice",
        LIEGE_DESK,
        "PUT",
        VISIT_PATH,
        "activity",
        {"centre": "liege", "queue": False, "activity": "{value}"},
    ),
    in_json(
        "check-in: interpreter",
        "language",
        LIEGE_DESK,
        "PUT",
        VISIT_PATH,
        "interpreter_language",
        {"centre": "liege", "interpreter_language": "{value}"},
    ),
    in_json(
        "device: key",
        "yes-or-no",
        LIEGE_DESK,
        "POST",
        "/intake/desk/liege/device",
        "key",
        {"device_id": "{new}", "key": "{value}"},
    ),
    in_form("arrival: group", "number", LIEGE_DESK, ARRIVAL, {"visit_id": "{new}", "people": "{value}"}),
    in_form("arrival: time", "clock", LIEGE_DESK, ARRIVAL, {"visit_id": "{new}", "time": "{value}"}),
    in_form("arrival: day", "day", LIEGE_DESK, ARRIVAL, {"visit_id": "{new}", "time": "08:00", "day": "{value}"}),
    in_query("waiting: limit", "number", LIEGE_DESK, "/intake/api/v1/visits", "limit", centre="liege"),
    in_query("waiting: which", "which", LIEGE_DESK, "/intake/api/v1/visits", "which", centre="liege"),
    in_query("waiting: centre", "key", LIEGE_DESK, "/intake/api/v1/visits", "centre"),
    in_query("day at the desk, page: day", "day", LIEGE_DESK, "/intake/day/liege", "day", page=True),
    in_query("day at the desk, file: day", "day", LIEGE_DESK, "/intake/api/v1/day.csv", "day", centre="liege"),
    in_form("search by name", "line", LIEGE_DESK, "/intake/visits/{waiting}/search", {"name": "{value}"}),
    in_line("visit, NDJSON: time", "moment", "intake", "visits", "checked_in_at", VISIT | {"checked_in_at": "{value}"}),
    in_line("visit, NDJSON: centre", "key", "intake", "visits", "centre", VISIT | {"centre": "{value}"}),
    in_line("visit, CSV: centre", "key", "intake", "visits", "centre", VISIT | {"centre": "{value}"}, as_csv=True),
    in_line(
        "visit, NDJSON: list of other areas",
        "list",
        "intake",
        "visits",
        "other_areas",
        VISIT | {"other_areas": "{value}"},
    ),
    in_line("visit, NDJSON: channel", "choice", "intake", "visits", "channel", VISIT | {"channel": "{value}"}),
    in_line(
        "visit, CSV: time",
        "moment",
        "intake",
        "visits",
        "checked_in_at",
        VISIT | {"checked_in_at": "{value}"},
        as_csv=True,
    ),
    in_json(
        "booking: time",
        "moment",
        COUNSELLOR,
        "POST",
        f"{AGENDA}/interviews",
        "starts_at",
        BOOKING | {"starts_at": "{value}"},
    ),
    in_json(
        "booking: minutes",
        "number",
        COUNSELLOR,
        "POST",
        f"{AGENDA}/interviews",
        "minutes",
        BOOKING | {"minutes": "{value}"},
    ),
    in_json(
        "workshop: title", "line", COUNSELLOR, "POST", f"{AGENDA}/workshops", "title", ANNOUNCED | {"title": "{value}"}
    ),
    in_json(
        "workshop: seats",
        "number",
        COUNSELLOR,
        "POST",
        f"{AGENDA}/workshops",
        "seats",
        ANNOUNCED | {"seats": "{value}"},
    ),
    in_query("interviews: day", "day", COUNSELLOR, f"{AGENDA}/interviews", "date", centre="liege"),
    in_query(
        "interviews: counsellor",
        "key",
        COUNSELLOR,
        f"{AGENDA}/interviews",
        "counsellor",
        centre="liege",
        date="2026-03-06",
    ),
    in_query("workshops: since", "since", COUNSELLOR, f"{AGENDA}/workshops", "since", centre="liege"),
    in_query("free times: first day", "day", COUNSELLOR, f"{AGENDA}/slots", "from", centre="liege"),
    in_query("free times: last day", "day", COUNSELLOR, f"{AGENDA}/slots", "until", centre="liege"),
    in_query("free times: minutes", "number", COUNSELLOR, f"{AGENDA}/slots", "minutes", centre="liege"),
    in_query("agenda, page: day", "day", COUNSELLOR, "/scheduling/agenda", "date", page=True),
    in_query("booking, page: day", "day", COUNSELLOR, "/scheduling/interviews/new", "date", page=True),
    in_form(
        "workshop, page: title",
        "line",
        COUNSELLOR,
        "/scheduling/workshops/new",
        {"title": "{value}", "date": "2026-03-06", "time": "10:00", "seats": "5"},
    ),
    in_form(
        "workshop, page: day",
        "day",
        COUNSELLOR,
        "/scheduling/workshops/new",
        {"title": "Oser", "date": "{value}", "time": "10:00"},
    ),
    in_form(
        "workshop, page: seats",
        "number",
        COUNSELLOR,
        "/scheduling/workshops/new",
        {"title": "Oser", "date": "2026-03-06", "time": "10:00", "seats": "{value}"},
    ),
    in_line("workshop, NDJSON: title", "line", "scheduling", "workshops", "title", WORKSHOP | {"title": "{value}"}),
    in_line(
        "workshop, NDJSON: time",
        "moment",
        "scheduling",
        "workshops",
        "sessions.0.starts_at",
        WORKSHOP | {"sessions": [SESSION | {"starts_at": "{value}"}]},
    ),
    in_line(
        "interview, NDJSON: minutes",
        "number",
        "scheduling",
        "interviews",
        "minutes",
        INTERVIEW | {"minutes": "{value}"},
    ),
    in_line(
        "interview, CSV: minutes",
        "number",
        "scheduling",
        "interviews",
        "minutes",
        INTERVIEW | {"minutes": "{value}"},
        as_csv=True,
    ),
    in_line(
        "interview, CSV: time",
        "moment",
        "scheduling",
        "interviews",
        "starts_at",
        INTERVIEW | {"starts_at": "{value}"},
        as_csv=True,
    ),
    in_json("goal", "line", PLANS_COUNSELLOR, "POST", "/plans/api/v1/plans/{plan}/goals", "text", {"text": "{value}"}),
    in_json(
        "reflection",
        "words",
        PLANS_COUNSELLOR,
        "POST",
        "/plans/api/v1/plans/{plan}/reflections",
        "text",
        {"moment": "in-session", "text": "{value}"},
    ),
    in_json(
        "step: day",
        "plan-day",
        PLANS_COUNSELLOR,
        "POST",
        "/plans/api/v1/plans/{plan}/information-steps",
        "planned_on",
        {"what": "Visiter", "planned_on": "{value}"},
    ),
    in_form("goal, page", "line", PLANS_COUNSELLOR, "/plans/{plan}/goals", {"goal": "{value}"}),
    in_form(
        "step, page: day",
        "day",
        PLANS_COUNSELLOR,
        "/plans/{plan}/information-steps",
        {"what": "Visiter", "planned_on": "{value}"},
    ),
    in_json("provider: name", "line", MANAGER, "PUT", ORGANIZATION, "name", ENTRY | {"name": "{value}"}),
    in_json(
        "provider: description",
        "words",
        MANAGER,
        "PUT",
        ORGANIZATION,
        "description",
        ENTRY | {"description": "{value}"},
    ),
    in_json(
        "service: age",
        "number",
        MANAGER,
        "PUT",
        ORGANIZATION,
        "services.0.minimum_age",
        entry_with(minimum_age="{value}"),
    ),
    in_json(
        "service: checked on",
        "past-day",
        MANAGER,
        "PUT",
        ORGANIZATION,
        "services.0.assured_date",
        entry_with(assured_date="{value}"),
    ),
    in_json(
        "provider: latitude",
        "decimal",
        MANAGER,
        "PUT",
        ORGANIZATION,
        "locations.0.latitude",
        ENTRY | {"locations": [PLACE | {"latitude": "{value}"}]},
    ),
    in_line(
        "provider, HSDS: longitude",
        "decimal",
        "directory",
        "organizations",
        "locations.0.longitude",
        {
            "id": "{new}",
            "name": "Essai",
            "description": "Un essai.",
            "locations": [{"id": "{new}", "location_type": "physical", "longitude": "{value}"}],
        },
    ),
    in_query("search: words", "line", MANAGER, "/directory/api/v1/services", "q"),
    in_query("search: town", "line", MANAGER, "/directory/api/v1/services", "town"),
    in_query("search: limit", "number", MANAGER, "/directory/api/v1/services", "limit"),
    in_query("search: explain", "yes-or-no", MANAGER, "/directory/api/v1/services", "explain"),
    in_query("HSDS: words", "line", MANAGER, "/directory/api/v1/service_at_locations", "search"),
    in_query("HSDS: page", "number", MANAGER, "/directory/api/v1/organizations", "page"),
    in_query("HSDS: changed after", "since", MANAGER, "/directory/api/v1/services", "modified_after"),
    in_query("search, page: words", "line", MANAGER, "/directory/", "q", page=True),
    in_path("centre", MANAGER, "/directory/api/v1/centres/{value}", "code"),
    in_query("exact figures: from", "day", MANAGER, "/impact/api/v1/figures/exact", "from", to="2017-09-30"),
    in_query("exact figures, page: from", "day", MANAGER, "/impact/exact", "from", page=True, to="2017-09-30"),
    in_json(
        "service: highest age",
        "age",
        MANAGER,
        "PUT",
        ORGANIZATION,
        "services.0.maximum_age",
        entry_with(minimum_age=18, maximum_age="{value}"),
    ),
    in_json(
        "service: end of its hours",
        "last-day",
        MANAGER,
        "PUT",
        ORGANIZATION,
        "services.0.places.0.schedules.0.valid_to",
        entry_with(places=[{"location_id": "{place}", "schedules": [HOURS | {"valid_to": "{value}"}]}]),
    ),
    PHONE,
    in_json("provider: e-mail", "email", MANAGER, "PUT", ORGANIZATION, "email", ENTRY | {"email": "{value}"}),
    in_json("service: e-mail", "email", MANAGER, "PUT", ORGANIZATION, "services.0.email", entry_with(email="{value}")),
    in_json(
        "centre: e-mail",
        "email",
        MANAGER,
        "PUT",
        "/directory/api/v1/centres/mons",
        "contact.email",
        CENTRE | {"contact": {"email": "{value}"}},
    ),
    CENTRE_PHONE,
    CONTACT,
    in_json(
        "booking: room",
        "code",
        COUNSELLOR,
        "POST",
        f"{AGENDA}/interviews",
        "room",
        BOOKING | {"room": "{value}"},
    ),
    in_json(
        "counsellor: language",
        "language",
        COUNSELLOR,
        "PUT",
        NADIA,
        "languages.0",
        OFFERED | {"languages": ["{value}"]},
    ),
    in_json("counsellor: languages", "list", COUNSELLOR, "PUT", NADIA, "languages", OFFERED | {"languages": "{value}"}),
    in_json(
        "working hours: first day",
        "day",
        COUNSELLOR,
        "PUT",
        f"{NADIA}/hours/liege",
        "rows.0.starts_on",
        {"rows": [{"starts_on": "{value}", "rrule": "FREQ=WEEKLY", "begins": "09:00", "ends": "12:00"}]},
    ),
    in_json(
        "booking rules: days",
        "number",
        MANAGER,
        "PUT",
        f"{AGENDA}/booking-rules/liege",
        "horizon_days",
        {"horizon_days": "{value}", "notice_hours": 0, "visitor_notice_hours": 24},
    ),
    in_json("room: name", "line", MANAGER, "POST", f"{AGENDA}/rooms", "name", ROOM | {"name": "{value}"}),
    in_json("room: seats", "number", MANAGER, "POST", f"{AGENDA}/rooms", "capacity", ROOM | {"capacity": "{value}"}),
    in_json("room: code", "code", MANAGER, "POST", f"{AGENDA}/rooms", "code", ROOM | {"code": "{value}"}),
    in_json(
        "room: in it", "choice", MANAGER, "POST", f"{AGENDA}/rooms", "equipment.0", ROOM | {"equipment": ["{value}"]}
    ),
    in_json(
        "room: all in it", "list", MANAGER, "POST", f"{AGENDA}/rooms", "equipment", ROOM | {"equipment": "{value}"}
    ),
    in_form("room, page: name", "line", MANAGER, "/scheduling/rooms/liege", {"name": "{value}", "capacity": "8"}),
    in_form("room, page: seats", "number", MANAGER, "/scheduling/rooms/liege", {"name": "Oser", "capacity": "{value}"}),
    in_json(
        "workshop: room", "code", COUNSELLOR, "POST", f"{AGENDA}/workshops", "room", ANNOUNCED | {"room": "{value}"}
    ),
    in_form(
        "workshop, page: room",
        "code",
        COUNSELLOR,
        "/scheduling/workshops/new",
        {"title": "Oser", "date": "2026-03-06", "time": "10:00", "room": "{value}"},
    ),
    in_form(
        "booking, page: room",
        "code",
        COUNSELLOR,
        "/scheduling/interviews/new",
        {"path": "{free}", "date": "2026-03-06", "time": "10:00", "room": "{value}"},
    ),
]
