"""Texts of a plan's pages that depend on the reader."""

from uuid import uuid4

import pytest

from services.contracts.directory import ReferralProgressed, ReferralRequested, ReferralStatus
from services.plans.store import Action
from tests.givens.plans import COUNSELLOR, MARCH, MONS, Adult, react, visitor, write_everything
from tests.plans.conftest import Site


async def test_a_plan_that_is_not_there_says_what_to_do(site: Site) -> None:
    async with site.as_(COUNSELLOR, lang="fr", page=True) as client:
        answer = await client.get(f"/plans/{uuid4()}")
    assert answer.status_code == 404
    assert "Vérifiez le lien, ou demandez à l’accueil." in answer.text


async def test_only_the_person_is_asked_about_their_data(site: Site, her: Adult) -> None:
    question = "Do you want your data to be deleted?"
    async with site.as_(visitor(her.subject_ref), page=True) as client:
        assert question in (await client.get(f"/plans/{her.plan_id}")).text
    async with site.as_(visitor(uuid4()), page=True) as client:
        assert question in (await client.get("/plans/mine")).text
    async with site.as_(COUNSELLOR, page=True) as client:
        assert question not in (await client.get(f"/plans/{her.plan_id}")).text


async def test_the_person_never_sees_their_reference(site: Site, her: Adult) -> None:
    reference = f"ref. {str(her.subject_ref)[:8]}"
    async with site.as_(visitor(her.subject_ref), page=True) as client:
        assert "ref. " not in (await client.get(f"/plans/{her.plan_id}")).text
    async with site.as_(COUNSELLOR, page=True) as client:
        assert reference in (await client.get(f"/plans/{her.plan_id}")).text


def cancelled(her: Adult, action: Action, reason: str) -> list[ReferralRequested | ReferralProgressed]:
    """The referral of this action is sent, and cancelled for this reason."""
    referral, organization, service = uuid4(), uuid4(), uuid4()
    sent = ReferralRequested(
        referral_id=referral,
        subject_ref=her.subject_ref,
        centre=MONS,
        area=None,
        organization_id=organization,
        service_id=service,
        reason="training",
        plan_id=her.plan_id,
        action_id=action.id,
        at=MARCH,
    )
    ended = ReferralProgressed(
        referral_id=referral,
        centre=MONS,
        organization_id=organization,
        service_id=service,
        status=ReferralStatus.CANCELLED,
        reason=reason,
        at=MARCH,
    )
    return [sent, ended]


@pytest.mark.parametrize(("reason", "label"), [("withdrawn", "The person withdrew consent"), ("new", "Other reason")])
async def test_why_a_referral_was_closed_is_shown_without_its_code(
    site: Site, her: Adult, reason: str, label: str
) -> None:
    action = await write_everything(site.store, her)
    await react(site.store, cancelled(her, action, reason))
    async with site.as_(COUNSELLOR, page=True) as client:
        assert f"<span>{label}</span>" in (await client.get(f"/plans/{her.plan_id}")).text
