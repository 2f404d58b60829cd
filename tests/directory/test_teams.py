"""Teams: people of an organisation invite and remove their own, the region those of all, nobody else any."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, Refused
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from services.contracts.accounts import AccountPublished
from services.contracts.roles import Role
from services.directory.actions import teams
from services.directory.demo import organization_id
from services.directory.domain.refusals import OwnAccount
from services.directory.domain.teams import MOST, AddressTaken, InvitedJustNow, TeamFull, acting_for_team
from services.directory.store import Account, AccountChange, AccountEmail, Mail
from services.directory.store.teams import team_of
from tests.directory.test_sign_in_links import ADA, PAGE, ask_on_page, invited, link_of, signing_in
from tests.directory.web import COUNSELLOR, MANAGER, OPERATOR, OTHER_PROVIDER, PROVIDER, Site
from tests.givens.directory import ATELIER, PASSERELLE
from tests.givens.events import emitted_events

OWN = "/directory/entry/people"
IFAPME = organization_id("ifapme")
OF_MONS = Person(
    subject="demo/manager", name="Mons (demo)", roles=frozenset({Role.MANAGER}), centres=frozenset({"mons"})
)


async def removed(store: Store, organization: UUID, account: UUID, own: UUID | None = None) -> None:
    async with store.work() as work:
        await teams.remove(work, organization, account, manager=acting_for_team(own, account), by="account/ben")


async def addresses(store: Store, organization: UUID = ATELIER) -> list[str]:
    async with store.read() as session:
        return [member.email.email for member in await team_of(session, organization)]


async def mail(store: Store) -> list[Mail]:
    async with store.read() as session:
        return list(await session.scalars(sa.select(Mail)))


async def refused(store: Store, kind: type[Refused], **given: Any) -> None:
    with pytest.raises(kind):
        await invite(store, **given)


async def invite(store: Store, organization: UUID = ATELIER, address: str = ADA) -> None:
    async with store.work() as work:
        await teams.invite(work, organization, address, by="demo/region", page=PAGE, lang="fr")


async def test_an_invited_person_has_an_account_of_the_organisation_and_a_message(town: Store) -> None:
    id = await invited(town)
    published = (await emitted_events(town, AccountPublished))[-1]
    assert (published.account_ref, published.kind, published.status) == (id, "provider", "active")
    assert (published.roles, published.organization_id, published.display_name) == (("provider",), ATELIER, None)
    (message,) = await mail(town)
    assert (message.recipient, message.purpose, message.lang) == (ADA, "invitation", "fr")
    assert "Atelier du Borinage" in (message.subject or "")
    assert PAGE in (message.body or "")
    assert "16 mars 2026" in (message.body or "")
    async with town.read() as session:
        (change,) = await session.scalars(sa.select(AccountChange))
    assert (change.account_id, change.by, change.what) == (id, "demo/region", "created")
    assert ADA not in str(change.after)


@pytest.mark.parametrize("organization", [ATELIER, PASSERELLE])
async def test_an_address_belongs_to_one_account(town: Store, organization: UUID) -> None:
    await invited(town)
    await refused(town, AddressTaken, organization=organization, address="Ada@ATELIER.example")
    assert len(await mail(town)) == 1
    async with town.read() as session:
        assert len(list(await session.scalars(sa.select(Account)))) == 1


async def test_an_organisation_that_does_not_exist_has_no_team(town: Store) -> None:
    await refused(town, NotFound, organization=UUID(int=1))


async def test_a_team_has_a_size(town: Store) -> None:
    for number in range(MOST):
        await invite(town, address=f"p{number}@atelier.example")
    await refused(town, TeamFull, address="more@atelier.example")
    await invite(town, PASSERELLE, "more@atelier.example")


async def test_an_invitation_is_sent_again_after_a_while(town: Store, clock: FixedClock) -> None:
    id = await invited(town)

    async def again(organization: UUID = ATELIER) -> None:
        async with town.work() as work:
            await teams.invite_again(work, organization, id, by="demo/region", page=PAGE, lang="de")

    with pytest.raises(InvitedJustNow):
        await again()
    clock.forward(minutes=10)
    with pytest.raises(NotFound):
        await again(PASSERELLE)
    await again()
    assert sorted(message.lang for message in await mail(town)) == ["de", "fr"]


async def test_who_is_removed_is_deactivated_and_the_address_is_deleted(town: Store) -> None:
    id = await invited(town)
    await removed(town, ATELIER, id)
    assert await addresses(town) == []
    async with town.read() as session:
        account = await session.get(Account, id)
        assert account is not None
        assert (account.status, account.signed_out_before is not None) == ("inactive", True)
        assert list(await session.scalars(sa.select(AccountEmail))) == []
    await invite(town)  # the address is free again
    assert await addresses(town) == [ADA]


async def test_only_people_of_the_own_organisation_are_removed(town: Store) -> None:
    id = await invited(town)
    for organization in (PASSERELLE, UUID(int=1)):
        with pytest.raises(NotFound):
            await removed(town, organization, id)
    with pytest.raises(OwnAccount):
        await removed(town, ATELIER, id, own=id)
    assert await addresses(town) == [ADA]


# ---- On the pages


async def test_a_provider_invites_to_its_own_organisation_only(site: Site) -> None:
    async with site.as_(PROVIDER, page=True) as provider:
        assert "No people yet" in (await provider.get(OWN)).text
        answer = await provider.post(OWN, data={"email": ADA, "lang": "nl"})
        assert (answer.status_code, answer.headers["location"]) == (303, OWN)
        assert ADA in (await provider.get(OWN)).text
    assert await addresses(site.store, IFAPME) == [ADA]
    assert (await mail(site.store))[0].lang == "nl"
    async with site.as_(OTHER_PROVIDER, page=True) as other:
        assert ADA not in (await other.get(OWN)).text
        (member,) = await members(site)
        for step in ("invite", "remove"):
            await other.post(f"{OWN}/{member}/{step}")
    assert await addresses(site.store, IFAPME) == [ADA]
    assert len(await mail(site.store)) == 1


async def members(site: Site) -> list[UUID]:
    async with site.store.read() as session:
        return [member.account.id for member in await team_of(session, IFAPME)]


async def test_faults_are_shown_at_their_field(site: Site) -> None:
    async with site.as_(PROVIDER, page=True) as provider:
        await provider.post(OWN, data={"email": ADA, "lang": "fr"})
        for email, fault in (("ada", "This is not an e-mail address."), (ADA, "This address cannot be invited")):
            answer = await provider.post(OWN, data={"email": email, "lang": "fr"})
            assert (answer.status_code, fault in answer.text) == (422, True)
            assert f'value="{email}"' in answer.text


async def test_a_person_of_the_team_sees_themselves_and_removes_others(site: Site) -> None:
    async with site.as_(PROVIDER, page=True) as provider:
        for address in (ADA, "ben@atelier.example"):
            await provider.post(OWN, data={"email": address, "lang": "fr"})
    async with site.as_(None, page=True) as browser:
        await ask_on_page(browser, ADA)
        await signing_in(browser, await link_of(site))
        page = (await browser.get(OWN)).text
        assert "This is you" in page
        ada, ben = await members(site)
        await browser.post(f"{OWN}/{ada}/remove")
        assert await members(site) == [ada, ben]
        await browser.post(f"{OWN}/{ben}/remove")
        assert await members(site) == [ada]
        assert (await browser.get(OWN)).status_code == 200


async def test_the_region_invites_the_first_person_of_any_organisation(site: Site) -> None:
    here = f"/directory/organizations/{IFAPME}/people"
    async with site.as_(MANAGER, page=True) as region:
        assert here in (await region.get(f"/directory/organizations/{IFAPME}")).text
        assert (await region.post(here, data={"email": ADA, "lang": "fr"})).headers["location"] == here
        (member,) = await members(site)
        assert (await region.post(f"{here}/{member}/remove")).headers["location"] == here
    assert await members(site) == []


@pytest.mark.parametrize("who", [OF_MONS, COUNSELLOR, OPERATOR, PROVIDER, None], ids=lambda one: one and one.subject)
async def test_nobody_else_sees_or_changes_a_team(site: Site, who: Person | None) -> None:
    here = f"/directory/organizations/{IFAPME}/people"
    status = 401 if who is None else 403
    async with site.as_(who) as program:
        for method, path in (("GET", here), ("POST", here), ("POST", f"{here}/{UUID(int=1)}/remove")):
            headers = {"origin": "http://cefo.test"}
            answer = await program.request(
                method, path, headers=headers, data={"email": ADA} if method == "POST" else None
            )
            assert answer.status_code == status
    assert await addresses(site.store, IFAPME) == []


async def test_a_visitor_sees_no_way_to_a_team(site: Site) -> None:
    async with site.as_(None, page=True) as browser:
        assert "/people" not in (await browser.get(f"/directory/organizations/{IFAPME}")).text
