"""One adult by the collective approach: a workshop, then the one individual session that finalises the process."""

from datetime import timedelta

from tests.journeys.adult import Centre, ok
from tests.journeys.stacks import Stack, eventually
from tests.journeys.test_individual_path import by_link


def test_the_last_attendance_makes_the_finalising_session_due_and_then_the_plan_can_be_confirmed(stack: Stack) -> None:
    liege = Centre(stack)
    visit = liege.walks_in("choose-path")
    known = liege.agrees_to_be_known(visit)

    liege.has_rooms()
    first = liege.next_working_day()
    announced = {
        "centre": "liege",
        "title": "Construire son projet",
        "room": "liege-r2",
        "seats": 8,
        "sessions": [{"starts_at": first.isoformat(), "minutes": 120}],
    }
    workshop = ok(liege.counsellor.post("/scheduling/api/v1/workshops", json=announced))
    base = f"/scheduling/api/v1/workshops/{workshop['id']}"
    wish = {"subject_ref": known["subject_ref"]}
    seat = ok(eventually(lambda: liege.counsellor.post(f"{base}/seats", json=wish), lambda a: a.status_code == 201))
    again = liege.counsellor.post(f"{base}/seats", json=wish)
    assert again.status_code == 409, "nobody takes two seats"

    booking = {
        "path_id": seat["path_id"],
        "starts_at": (first + timedelta(days=7)).isoformat(),
        "minutes": 60,
    }
    early = liege.counsellor.post("/scheduling/api/v1/interviews", json=booking)
    assert early.status_code == 409, "not due before the workshop's last session"

    liege.until(first + timedelta(minutes=120))
    session = ok(liege.counsellor.get(base))["sessions"][0]["id"]
    ok(liege.counsellor.post(f"{base}/sessions/{session}/attendance", json={"came": [seat["id"]]}))
    plan = liege.plan_of(known["subject_ref"])
    liege.build_plan(plan, by_link(stack, known["link"]))
    assert liege.confirm(plan).status_code == 409, "the finalising session is still to be held"
    liege.interview(seat["path_id"])
    eventually(lambda: liege.confirm(plan), lambda answer: answer.status_code == 200)
