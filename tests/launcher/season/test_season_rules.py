"""Every rule the season's files promise, checked on the files alone."""

import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import orjson
import pytest
from season_files import (
    AREAS,
    CARREFOURS,
    CITES,
    KEYS,
    Interview,
    Season,
    Visit,
    Workshop,
    at,
    open_between,
    overlapping,
    span,
)

MOMENT = re.compile(r"2017-\d\d-\d\dT\d\d:\d\d:\d\d\+0[12]:00")


@pytest.fixture(scope="module")
def guidance(season: Season) -> list[Interview]:
    return [row for row in season.held if row["kind"] == "guidance"]


@pytest.fixture(scope="module")
def visits(season: Season) -> dict[str, Visit]:
    return {row["visit_id"]: row for row in season.visits}


@pytest.mark.parametrize("name", ["visits.ndjson", "interviews.ndjson", "workshops.ndjson"])
def test_lines_are_compact_json_with_keys_in_order_and_nothing_empty(season: Season, name: str):
    content = (season.folder / name).read_bytes()
    assert content.endswith(b"\n")
    order = list(KEYS[name].__annotations__)
    for line in content.splitlines():
        row = orjson.loads(line)
        assert line == orjson.dumps(row)
        assert list(row) == [key for key in order if key in row]
        assert KEYS[name].__required_keys__ <= row.keys()
        assert None not in row.values()
        assert all(MOMENT.fullmatch(row[key]) for key in row if key.endswith("_at"))


def test_ids_are_uuids_and_no_id_is_used_twice(season: Season):
    ids = [row["visit_id"] for row in season.visits]
    ids += [row["interview_id"] for row in season.interviews]
    for workshop in season.workshops:
        ids.append(workshop["workshop_id"])
        ids += [session["session_id"] for session in workshop["sessions"]]
        for participant in workshop["participants"]:
            ids += [participant["seat_id"], participant["path_id"], participant["subject_ref"]]
    ids += {row["path_id"] for row in season.held if row.get("method") == "individual" and "path_id" in row}
    ids += {row["subject_ref"] for row in season.held if row.get("method") == "individual" and "subject_ref" in row}
    assert len(set(ids)) == len(ids)
    assert all(str(UUID(reference)) == reference for reference in ids)


def test_centre_area_and_counsellor_codes_are_known(season: Season):
    for row in (*season.visits, *season.interviews, *season.workshops):
        assert row["centre"] in CITES | CARREFOURS
        assert "area" not in row or row["area"] in AREAS
    for row in (*season.interviews, *season.workshops):
        assert re.fullmatch(re.escape(row["centre"]) + r"-c\d\d", row["counsellor"])
    assert {row["channel"] for row in season.visits} == {"desk", "kiosk", "phone", "online"}


def test_every_file_is_in_order_of_time(season: Season):
    for moments in (
        [at(row["checked_in_at"]) for row in season.visits],
        [at(row["starts_at"]) for row in season.interviews],
        [at(row["sessions"][0]["starts_at"]) for row in season.workshops],
    ):
        assert moments == sorted(moments)


def test_everything_happens_while_the_centres_are_open(season: Season):
    for visit in season.visits:
        assert open_between(at(visit["checked_in_at"]), at(visit.get("ended_at", visit["checked_in_at"]))), visit
    for interview in season.interviews:
        assert open_between(*span(interview["starts_at"], interview["minutes"])), interview
    for workshop in season.workshops:
        for session in workshop["sessions"]:
            assert open_between(*span(session["starts_at"], session["minutes"])), workshop


def test_no_counsellor_is_in_two_places(season: Season):
    spans = [(row["counsellor"], *span(row["starts_at"], row["minutes"])) for row in season.interviews]
    spans += [
        (row["counsellor"], *span(session["starts_at"], session["minutes"]))
        for row in season.workshops
        for session in row["sessions"]
    ]
    assert len(spans) > len(season.interviews)
    assert overlapping(spans) == []


def test_the_overlap_check_itself_tells_touching_from_overlapping():
    nine, ten, eleven = (datetime(2017, 3, 27, hour) for hour in (9, 10, 11))  # noqa: DTZ001  only compared
    assert overlapping([("huy-c01", ten, eleven), ("huy-c01", nine, ten), ("huy-c02", nine, eleven)]) == []
    assert overlapping([("huy-c01", nine, eleven), ("huy-c01", ten, eleven)]) == [("huy-c01", ten, eleven)]


def test_the_times_of_a_visit_fit_its_status(season: Season):
    for visit in season.visits:
        present = {key for key in visit if key in {"called_at", "served_at", "ended_at"}}
        match visit["status"]:
            case "served":
                assert present == {"called_at", "served_at", "ended_at"}
            case "left":
                assert present in ({"ended_at"}, {"called_at", "ended_at"})
            case status:
                assert status == "no_queue"
                assert present == set()
        # Every moment of the line, in the file's order of keys.
        moments = [at(str(value)) for key, value in visit.items() if key.endswith("_at")]
        assert moments == sorted(moments)
    assert {row["status"] for row in season.visits} == {"served", "left", "no_queue"}
    assert sum("called_at" in row for row in season.visits if row["status"] == "left") > 0


def test_every_held_interview_is_the_service_of_a_visit_of_its_own(season: Season, visits: dict[str, Visit]):
    used = Counter(row.get("visit_id") for row in season.held)
    assert None not in used
    assert set(used.values()) == {1}
    for interview in season.held:
        visit = visits[interview.get("visit_id", "")]
        start, end = span(interview["starts_at"], interview["minutes"])
        assert visit["status"] == "served"
        assert visit["centre"] == interview["centre"]
        assert visit.get("area") == interview.get("area")
        assert (at(visit.get("served_at", "")), at(visit.get("ended_at", ""))) == (start, end)


def test_information_interviews_are_short_and_about_nobody(season: Season):
    rows = [row for row in season.interviews if row["kind"] == "information"]
    assert all(10 <= row["minutes"] <= 45 for row in rows)
    assert not any({"path_id", "method", "number", "subject_ref"} & row.keys() for row in rows)


def test_guidance_interviews_last_one_hour_or_two(season: Season):
    rows = [row for row in season.interviews if row["kind"] == "guidance"]
    assert {row["minutes"] for row in rows} == {60, 120}
    assert all({"path_id", "method", "subject_ref", "area"} <= row.keys() for row in rows)


def test_an_individual_path_is_two_to_four_interviews_with_one_counsellor(guidance: list[Interview]):
    paths: defaultdict[str, list[Interview]] = defaultdict(list)
    for row in guidance:
        if row.get("method") == "individual":
            paths[row.get("path_id", "")].append(row)
    for rows in paths.values():
        assert 2 <= len(rows) <= 4
        # The file is in order of time: the numbers must be too.
        assert [row.get("number") for row in rows] == list(range(1, len(rows) + 1))
        assert len({(row["centre"], row["counsellor"], row.get("subject_ref"), row.get("area")) for row in rows}) == 1
        days = [at(row["starts_at"]).date() for row in rows]
        assert all(later - earlier >= timedelta(days=3) for earlier, later in pairwise(days))
    assert {len(rows) for rows in paths.values()} == {2, 3, 4}


def test_whoever_came_to_the_last_session_has_one_finalising_interview_after_it(
    season: Season, guidance: list[Interview]
):
    finalising = [row for row in guidance if row.get("method") == "collective"]
    by_path = {row.get("path_id"): row for row in finalising}
    assert len(by_path) == len(finalising)
    due: set[str] = set()
    for workshop in season.workshops:
        last = workshop["sessions"][-1]
        _, ends = span(last["starts_at"], last["minutes"])
        for participant in workshop["participants"]:
            if participant["attended"][-1]:
                due.add(participant["path_id"])
                interview = by_path[participant["path_id"]]
                assert interview.get("number") == 1
                assert interview.get("subject_ref") == participant["subject_ref"]
                assert (interview["centre"], interview.get("area")) == (workshop["centre"], workshop["area"])
                assert at(interview["starts_at"]) > ends
    assert by_path.keys() == due


def test_a_workshop_is_three_to_five_sessions_within_weeks(season: Season):
    for workshop in season.workshops:
        sessions = workshop["sessions"]
        days = [at(session["starts_at"]).date() for session in sessions]
        assert 3 <= len(sessions) <= 5
        assert all(120 <= session["minutes"] <= 180 for session in sessions)
        assert days == sorted(set(days))
        assert days[-1] - days[0] < timedelta(weeks=10)
        assert workshop["title"]
    assert len({workshop["title"] for workshop in season.workshops}) > 3


def test_nobody_sits_in_a_workshop_without_a_seat(season: Season):
    def fits(workshop: Workshop) -> bool:
        return 6 <= workshop["seats"] <= 12 and 0 < len(workshop["participants"]) <= workshop["seats"]

    assert all(fits(workshop) for workshop in season.workshops)
    for workshop in season.workshops:
        for participant in workshop["participants"]:
            assert len(participant["attended"]) == len(workshop["sessions"])
    seats = [participant for workshop in season.workshops for participant in workshop["participants"]]
    assert any(not participant["attended"][-1] for participant in seats), "one person always drops out"


def test_missed_appointments_have_no_number_and_no_visit(season: Season):
    assert 200 <= len(season.missed) <= 900
    counsellors = {row.get("path_id"): row["counsellor"] for row in season.held}
    for row in season.missed:
        assert not {"number", "visit_id"} & row.keys()
        if row["kind"] == "guidance":
            assert counsellors[row.get("path_id")] == row["counsellor"]
        if row["status"] == "cancelled":
            assert row.get("cancelled_by") in {"visitor", "centre"}
        else:
            assert row["status"] == "noshow"
            assert "cancelled_by" not in row
    assert not any("cancelled_by" in row for row in season.held)
    assert {(row["kind"], row["status"]) for row in season.missed} == {
        (kind, status) for kind in ("information", "guidance") for status in ("noshow", "cancelled")
    }
