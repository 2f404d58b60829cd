"""The lines of the season's files: compact JSON, keys always in this order, empty fields left out."""

import orjson

from services.launcher.season.booking import Site
from services.launcher.season.days import Interview, Visit
from services.launcher.season.opening import OpenDay
from services.launcher.season.workshops import Workshop

Row = dict[str, object]


def visit_line(site: Site, day: OpenDay, visit: Visit) -> bytes:
    """One line of `visits.ndjson`."""
    return _line(
        {
            "visit_id": visit.visit_id,
            "centre": site.centre.code,
            "area": visit.area,
            "channel": visit.channel,
            "checked_in_at": day.moment(visit.checked_in),
            "status": visit.status,
            "called_at": None if visit.called is None else day.moment(visit.called),
            "served_at": None if visit.served is None else day.moment(visit.served),
            "ended_at": None if visit.ended is None else day.moment(visit.ended),
        }
    )


def interview_line(site: Site, day: OpenDay, interview: Interview) -> bytes:
    """One line of `interviews.ndjson`."""
    missed, path = interview.missed, interview.path
    called_off = missed is not None and missed != "noshow"
    return _line(
        {
            "interview_id": interview.interview_id,
            "kind": "guidance" if path else "information",
            "centre": site.centre.code,
            "area": interview.area,
            "counsellor": interview.counsellor,
            "starts_at": day.moment(interview.start * 60),
            "minutes": interview.minutes,
            "status": "fulfilled" if missed is None else "cancelled" if called_off else "noshow",
            "cancelled_by": missed if called_off else None,
            "visit_id": interview.visit_id,
            "path_id": path.path_id if path else None,
            "method": path.method if path else None,
            "number": interview.number,
            "subject_ref": path.subject_ref if path else None,
        }
    )


def workshop_line(site: Site, workshop: Workshop) -> bytes:
    """One line of `workshops.ndjson`."""
    return _line(
        {
            "workshop_id": workshop.workshop_id,
            "centre": site.centre.code,
            "area": workshop.area,
            "title": workshop.title,
            "seats": workshop.seats,
            "counsellor": site.counsellor_code(workshop.counsellor),
            "sessions": [
                {
                    "session_id": session_id,
                    "starts_at": site.days[session.day].moment(session.start * 60),
                    "minutes": session.minutes,
                }
                for session_id, session in zip(workshop.session_ids, workshop.sessions, strict=True)
            ],
            "participants": [
                {
                    "seat_id": participant.seat_id,
                    "subject_ref": participant.path.subject_ref,
                    "path_id": participant.path.path_id,
                    "attended": participant.attended,
                }
                for participant in workshop.participants
            ],
        }
    )


def _line(row: Row) -> bytes:
    return orjson.dumps({key: value for key, value in row.items() if value is not None}) + b"\n"
