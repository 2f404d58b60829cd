"""The directory: centres, providers, accounts, referrals."""

from typing import Any
from uuid import uuid4, uuid5

from services.directory.domain.centres import centre_id
from services.directory.domain.taxonomies import AREAS_TAXONOMY, taxonomy_id, term_id
from tests.directory.standard import example
from tests.givens.directory import DUTCH, MONS_WORKSHOP, WELDING, atelier
from tests.matrix.asks.ask import Ask, Asks, Caller, new_key
from tests.matrix.world import World

_HERE = {"centre": "liege"}
_CENTRE = {
    "name": "Cité des métiers de Liège",
    "areas": ["find-job"],
    "opening_hours": [{"weekdays": ["MO"], "opens_at": "09:00", "closes_at": "12:00"}],
    "closed_on": [],
    "languages": ["fr"],
}
_TOKEN = {"name": "Borne", "kind": "device", "roles": ["kiosk"], "centres": ["liege"], "days": 30}
_RIGHTS = {"roles": ["front-desk"], "centres": ["liege"]}
_INVITED = {"email": "nouveau@atelier.be", "lang": "fr"}
_NO_LINK = Ask(query={"token": "x"}, done=(404,))


def _seen(world: World, thing: str, **more: Any) -> dict[str, Any]:
    """A form that names the version that its page showed."""
    return {"version": world.version("directory", world.liege[thing])} | more


def _step(me: Caller) -> dict[str, str]:
    """What the caller's side of a referral may do: the centre withdraws it, the provider confirms its receipt."""
    if "counsellor" in me.name:
        return {"status": "cancelled", "reason": "other"}
    return {"status": "received"}


def _referral(world: World) -> dict[str, str]:
    return _HERE | {"subject_ref": str(world.liege["person"]), "service_id": str(DUTCH), "reason": "training"}


def _of_pending(world: World, me: Caller) -> Ask:
    id = world.region["pending"]
    return Ask(form=_RIGHTS | {"version": world.version("directory", id)}, at={"id": id})


def _granted(world: World, me: Caller, **rights: Any) -> Ask:
    """These rights, for a colleague of the caller's side."""
    colleague = me.side["colleague"]
    return Ask(form={"version": world.version("directory", colleague)} | rights, at={"id": colleague})


def _own(world: World, me: Caller) -> Ask:
    """The caller's own account; without one, that of Liège's manager."""
    own = getattr(world.tokens.get(me.name), "account_ref", world.liege["manager account"])
    return Ask(form=_RIGHTS | {"version": world.version("directory", own)}, at={"id": own})


DIRECTORY: Asks = {
    "GET /directory/sign-in/oidc/{issuer}": lambda w, me: Ask(done=(404,)),  # no issuer is set up
    "GET /directory/sign-in/oidc/{issuer}/callback": lambda w, me: Ask(done=(404,)),
    "POST /directory/sign-in/email": lambda w, me: Ask(form={"email": "personne@atelier.be"}),
    "GET /directory/sign-in/link": lambda w, me: _NO_LINK,
    "POST /directory/sign-in/link": lambda w, me: Ask(form={"token": "x"}, done=(404,)),
    "POST /directory/sign-in/device": lambda w, me: Ask(form={"token": "x"}, done=(422,)),
    "PUT /directory/api/v1/centres/{code}": lambda w, me: Ask(json=_CENTRE),
    "POST /directory/centres/{code}/edit": lambda w, me: Ask(
        form={"phone": "04 223 45 67", "version": w.version("directory", centre_id("liege"))}
    ),
    "POST /directory/centres/{code}/hours": lambda w, me: Ask(
        form={"mo": "09:00-12:00", "version": w.version("directory", centre_id("liege"))}
    ),
    "PUT /directory/api/v1/services/{id}": lambda w, me: Ask(json={"places_open": 3}),
    "PUT /directory/api/v1/organizations/{id}": lambda w, me: Ask(
        json=atelier(description="Autre texte")[1].model_dump(mode="json")
    ),
    "POST /directory/api/v1/tokens": lambda w, me: Ask(json=_TOKEN, headers=new_key()),
    "POST /directory/tokens": lambda w, me: Ask(form=_TOKEN),
    "POST /directory/api/v1/tokens/accounts/{account_ref}": lambda w, me: Ask(
        json={"name": "Borne", "days": 30}, headers=new_key()
    ),
    "POST /directory/api/v1/tokens/{id}/renew": lambda w, me: Ask(json={"days": 30}, headers=new_key()),
    "POST /directory/tokens/accounts/{account_ref}": lambda w, me: Ask(form={"days": 30}),
    "POST /directory/tokens/{id}/renew": lambda w, me: Ask(form={}),
    "POST /directory/accounts/{id}": lambda w, me: Ask(form=_seen(w, "colleague", **_RIGHTS)),
    "POST /directory/accounts/{id} (a centre of Liège, for staff of the caller's)": lambda w, me: _granted(
        w, me, **_RIGHTS
    ),
    "POST /directory/accounts/{id} (the role of operations)": lambda w, me: _granted(
        w, me, roles=["operator"], centres=[me.side.centre]
    ),
    "POST /directory/accounts/{id} (the whole region)": lambda w, me: _granted(w, me, roles=["manager"], centres=[]),
    "POST /directory/api/v1/tokens (the role of operations)": lambda w, me: Ask(
        json=_TOKEN | {"kind": "machine", "roles": ["operator"], "centres": [me.side.centre]}, headers=new_key()
    ),
    "POST /directory/api/v1/tokens (the whole region)": lambda w, me: Ask(
        json=_TOKEN | {"kind": "machine", "roles": ["cite"], "centres": []}, headers=new_key()
    ),
    "POST /directory/accounts/{id} (the caller's own)": _own,
    "POST /directory/accounts/{id}/deactivate (the caller's own)": lambda w, me: Ask(
        form={"version": dict(_own(w, me).form or {})["version"]}, at=_own(w, me).at
    ),
    "POST /directory/accounts/{id}/deactivate": lambda w, me: Ask(form=_seen(w, "colleague")),
    "POST /directory/accounts/{id}/reactivate": lambda w, me: Ask(form=_seen(w, "left"), at={"id": w.liege["left"]}),
    "POST /directory/accounts/{id}/approve": _of_pending,
    "GET /directory/accounts/{id} (that waits for approval)": lambda w, me: Ask(at={"id": w.region["pending"]}),
    "GET /directory/accounts/{id} (of a provider)": lambda w, me: Ask(at={"id": w.liege["provider account"]}),
    "POST /directory/accounts/{id}/deactivate (that waits for approval)": lambda w, me: Ask(
        form={"version": w.version("directory", w.region["pending"])}, at={"id": w.region["pending"]}
    ),
    "POST /directory/organizations/{id}/people": lambda w, me: Ask(form=_INVITED),
    "POST /directory/organizations/{id}/people/{account_id}/invite": lambda w, me: Ask(form={"lang": "fr"}),
    "POST /directory/entry/people": lambda w, me: Ask(form=_INVITED),
    "POST /directory/entry/people/{account_id}/invite": lambda w, me: Ask(form={"lang": "fr"}),
    "POST /directory/entry/{id}": lambda w, me: Ask(
        form=_seen(w, "service", name="Soudure", description="Apprendre la soudure.", status="active")
    ),
    "POST /directory/entry/{id}/confirm": lambda w, me: Ask(form=_seen(w, "service")),
    "POST /directory/api/v1/referrals": lambda w, me: Ask(json=_referral(w)),
    "GET /directory/api/v1/referrals": lambda w, me: Ask(query=_HERE),
    "GET /directory/api/v1/referrals (after one of Liège)": lambda w, me: Ask(
        query={"centre": me.side.centre, "after": w.liege["referral"]}
    ),
    "GET /directory/api/v1/undirected": lambda w, me: Ask(query=_HERE),
    "GET /directory/referrals": lambda w, me: Ask(query=_HERE),
    "GET /directory/referrals/stream": lambda w, me: Ask(query=_HERE),
    "GET /directory/referrals/stages/{stage}": lambda w, me: Ask(at={"stage": "unanswered"}, query=_HERE),
    "GET /directory/referrals/unassigned": lambda w, me: Ask(query=_HERE),
    "GET /directory/inbox/stages/{stage}": lambda w, me: Ask(at={"stage": "under-way"}),
    "GET /directory/referrals/new": lambda w, me: Ask(query={"service_id": DUTCH}),
    "POST /directory/referrals": lambda w, me: Ask(form=_referral(w) | {"id": uuid4()}),
    "POST /directory/api/v1/referrals/{id}/progress": lambda w, me: Ask(json=_step(me)),
    "POST /directory/referrals/{id}/progress": lambda w, me: Ask(form=_seen(w, "referral", **_step(me))),
    "POST /directory/api/v1/undirected/{action_id}/referral": lambda w, me: Ask(json={"service_id": str(DUTCH)}),
    "POST /directory/undirected/{id}": lambda w, me: Ask(form={"service_id": DUTCH}),
    "GET /directory/api/v1/services": lambda w, me: Ask(query={"search": "soudure"}),
    "GET /directory/api/v1/service_at_locations": lambda w, me: Ask(query={"postcode": "7000"}),
    "GET /directory/api/v1/service_at_locations/{id}": lambda w, me: Ask(at={"id": uuid5(WELDING, str(MONS_WORKSHOP))}),
    "GET /directory/api/v1/taxonomies/{id}": lambda w, me: Ask(at={"id": taxonomy_id(AREAS_TAXONOMY)}),
    "GET /directory/api/v1/taxonomy_terms/{id}": lambda w, me: Ask(at={"id": term_id(AREAS_TAXONOMY, "find-job")}),
    "POST /directory/api/v1/organizations/import": lambda w, me: Ask(lines=example("organization_full.json")),
    "POST /directory/api/v1/services/import": lambda w, me: Ask(lines=example("service_full.json")),
}
