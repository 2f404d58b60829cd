"""One adult across all five services, by the individual service."""

from typing import Any

import httpx2

from tests.journeys.adult import Centre, by_link, ok, settled, signed_in
from tests.journeys.partner import read_topic
from tests.journeys.stacks import Stack, eventually


def test_from_walking_in_to_a_referral_that_the_cite_reads(stack: Stack) -> None:
    liege = Centre(stack)
    settled(stack)
    before, cursor = liege.figures(), last_cursor(stack)
    provider = signed_in(stack, "operateur-ifapme")
    earlier = {one["id"] for one in referrals(provider)}

    visit = liege.walks_in("choose-path")
    liege.talks(visit)
    known = liege.agrees_to_be_known(visit)
    taken = {"subject_ref": known["subject_ref"], "centre": "liege", "area": "choose-path"}
    path = ok(
        eventually(
            lambda: liege.counsellor.post("/scheduling/api/v1/paths", json=taken), lambda a: a.status_code == 201
        )
    )["id"]

    liege.interview(path)
    plan = liege.plan_of(known["subject_ref"])
    visitor = by_link(stack, known["link"])
    action = liege.build_plan(plan, visitor)
    refused = liege.confirm(plan)
    assert refused.status_code == 409, "a plan is not confirmed before the second interview"
    liege.interview(path)
    eventually(lambda: liege.confirm(plan), lambda answer: answer.status_code == 200)

    referral = eventually(lambda: [one for one in referrals(provider) if one["id"] not in earlier], bool)[0]
    assert referral["status"] == "requested"
    assert known["subject_ref"] not in str(referral), "a partner never sees the person's own reference"
    for status in ("received", "accepted"):
        ok(provider.post(f"/directory/api/v1/referrals/{referral['id']}/progress", json={"status": status}))
    shown = eventually(
        lambda: liege.counsellor.get(f"/plans/api/v1/plans/{plan}").text, lambda text: "accepted" in text
    )
    assert action in shown, "the centre that referred learns the decision"

    cite = signed_in(stack, "cite-charleroi")
    in_kafka = read_topic(stack, referral["id"], 3)
    assert [event["data"]["status"] for event in in_kafka] == ["requested", "received", "accepted"]
    assert [event["cefosequence"] for event in in_kafka] == ["1", "2", "3"]
    for private in (known["subject_ref"], plan, action, path, visit):
        assert private not in str(in_kafka), "nothing leads a partner to the person, or from one referral to another"
    feed = f"/directory/api/v1/referral-events?after={cursor}" if cursor else "/directory/api/v1/referral-events"
    told = eventually(lambda: ok(cite.get(feed))["events"], lambda events: len(events) >= 3)
    assert [(event["id"], event["type"], event["cefosequence"]) for event in told][:3] == [
        (event["id"], event["type"], event["cefosequence"]) for event in in_kafka
    ], "the same events, whichever way a Cité reads them"
    assert known["subject_ref"] not in str(told)
    asked = ok(cite.get(f"/directory/api/v1/referral-events/references/{referral['id']}"))
    assert asked["partner_ref"] == told[0]["data"]["partner_ref"]
    assert asked["partner_ref"] != referral["partner_ref"], "the provider knows the person under another one"

    closed = eventually(
        lambda: ok(liege.counsellor.get(f"/scheduling/api/v1/paths/{path}")), lambda answer: answer["closed_at"]
    )
    assert closed["closed_because"] == "plan-confirmed"
    begins = liege.next_working_day()
    another = {"path_id": path, "starts_at": begins.isoformat(), "minutes": 60}
    refusal = liege.counsellor.post("/scheduling/api/v1/interviews", json=another)
    assert refusal.json()["errors"][0]["rule"] == "path-is-closed"

    added = {
        "visitors": 1,
        "individual_interviews": 3,
        "guidance_interviews": 2,
        "plans_confirmed": 1,
        "referrals": 1,
    }
    wanted = {key: before[key] + more for key, more in added.items()}
    eventually(liege.figures, lambda now: wanted.items() <= now.items())

    erased_everywhere(stack, liege, known["subject_ref"], plan)
    assert wanted.items() <= liege.figures().items(), "the figures stay"


def erased_everywhere(stack: Stack, liege: Centre, subject_ref: str, plan: str) -> None:
    """The region erases the person, and every service confirms it."""
    assert liege.region.delete(f"/intake/api/v1/visitors/{subject_ref}").status_code == 204
    operator = signed_in(stack, "exploitation")

    def confirmed() -> dict[str, str | None]:
        listed = ok(operator.get("/intake/api/v1/erasures"))
        return next(one["confirmed"] for one in listed if one["subject_ref"] == subject_ref)

    by = eventually(confirmed, lambda services: None not in services.values())
    assert by.keys() == {"scheduling", "plans", "directory"}
    assert liege.counsellor.get(f"/plans/api/v1/plans/{plan}").status_code == 404


def referrals(provider: httpx2.Client) -> list[dict[str, Any]]:
    """What the provider was sent."""
    return ok(provider.get("/directory/api/v1/referrals"))["contents"]


def last_cursor(stack: Stack) -> str | None:
    """Where the Cité's feed stands."""
    cite, cursor = signed_in(stack, "cite-charleroi"), None
    while True:
        query = f"?after={cursor}" if cursor else ""
        read = ok(cite.get(f"/directory/api/v1/referral-events{query}"))
        cursor = read["next"] or cursor
        if not read["more"]:
            return cursor
