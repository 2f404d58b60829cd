"""The setting with the providers: what is accepted, and what stops the start with which words."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.contracts.roles import Role
from services.directory.domain.accounts import Rights
from services.directory.oidc import Issuer, issuers_of
from services.directory.oidc.claims import NAME_LENGTH, name_of, rights_of
from services.directory.settings import DirectorySettings

KNOWN: dict[str, Any] = {
    "key": "region",
    "issuer": "https://login.example.be/realms/cefo",
    "client_id": "cefo",
    "label": "Région wallonne",
    "roles_claim": "groups",
    "mapping": [
        {"value": "desk-mons", "roles": ["front-desk"], "centres": ["mons"]},
        {"value": "counsel-namur", "roles": ["counsellor"], "centres": ["namur"]},
        {"value": "manager-mons", "roles": ["manager"], "centres": ["mons"]},
        {"value": "region", "roles": ["manager"]},
        {"value": "operations", "roles": ["operator"]},
    ],
}
ISSUER = Issuer.model_validate(KNOWN)


def rule(**values: Any) -> dict[str, Any]:
    return {"mapping": [{"value": "group", **values}]}


def test_without_the_setting_there_is_no_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CEFO_DIRECTORY_OIDC", raising=False)
    assert DirectorySettings().directory_oidc == ()
    assert issuers_of(" ") == ()


def test_the_setting_is_a_list_or_a_file_with_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "oidc.json"
    file.write_text(json.dumps([KNOWN]))
    for value in (json.dumps([KNOWN]), str(file)):
        monkeypatch.setenv("CEFO_DIRECTORY_OIDC", value)
        assert DirectorySettings().directory_oidc == (ISSUER,)


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "plain text": ({"issuer": "http://login.example.be"}, "https"),
    "a query": ({"issuer": "https://login.example.be?a=b"}, "sans « ? »"),
    "no address": ({"issuer": "login.example.be"}, "https"),
    "a key that is no word of an address": ({"key": "../x"}, "key"),
    "no label": ({"label": ""}, "label"),
    "an unknown field": ({"client_secret": "in plain sight"}, "client_secret"),
    "a secret that is not there": ({"client_secret_file": "/nowhere/secret"}, "/nowhere/secret ne peut pas être lu"),
    "no openid scope": ({"scopes": ["profile"]}, "openid"),
    "a mapping of no claim": ({"roles_claim": None}, "roles_claim"),
    "an unknown role": (rule(roles=["boss"]), "roles"),
    "no role": (rule(roles=[]), "roles"),
    "the role of a visitor": (rule(roles=["visitor"]), "ce rôle : visitor"),
    "the role of a provider": (rule(roles=["provider"]), "ce rôle : provider"),
    "an unknown centre": (rule(roles=["front-desk"], centres=["atlantis"]), "n’existe pas : atlantis"),
    "a desk without a centre": (rule(roles=["front-desk"]), "front-desk : ajoutez `centres`"),
}


@pytest.mark.parametrize(("change", "words"), WRONG.values(), ids=WRONG)
def test_a_wrong_setting_stops_the_start(change: dict[str, Any], words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CEFO_DIRECTORY_OIDC", json.dumps([KNOWN | change]))
    with pytest.raises(ValidationError) as refused:
        DirectorySettings()
    assert words in str(refused.value)
    assert "in plain sight" not in str(refused.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("/nowhere/oidc.json", "/nowhere/oidc.json ne peut pas être lu"),
        ("[{", "JSON"),
        (json.dumps([KNOWN, KNOWN]), "`key` : region"),
        (json.dumps([KNOWN, KNOWN | {"key": "other"}]), "`issuer` : https"),
    ],
)
def test_a_wrong_list_stops_the_start(value: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        issuers_of(value)


def test_an_empty_secret_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(ValidationError, match="est vide"):
        Issuer.model_validate(KNOWN | {"client_secret_file": tmp_path / "secret"})


FRONT_DESK, COUNSELLOR, MANAGER, OPERATOR = Role.FRONT_DESK, Role.COUNSELLOR, Role.MANAGER, Role.OPERATOR
RIGHTS: dict[str, tuple[Any, Rights]] = {
    "none": ([], Rights()),
    "missing": (None, Rights()),
    "unknown": (["staff", "DESK-MONS", "desk-mons "], Rights()),
    "one": (["desk-mons"], Rights(frozenset({FRONT_DESK}), frozenset({"mons"}))),
    "one that is no list": ("desk-mons", Rights(frozenset({FRONT_DESK}), frozenset({"mons"}))),
    "a part of a text": ("desk-mons,region", Rights()),
    "no texts": ([7, None, {"value": "region"}], Rights()),
    "two": (
        ["desk-mons", "counsel-namur", "staff"],
        Rights(frozenset({FRONT_DESK, COUNSELLOR}), frozenset({"mons", "namur"})),
    ),
    "a manager of a centre": (["manager-mons"], Rights(frozenset({MANAGER}), frozenset({"mons"}))),
    "a manager of the region": (["region"], Rights(frozenset({MANAGER}))),
    "the region includes its centres": (["region", "manager-mons"], Rights(frozenset({MANAGER}))),
    "operations give no manager the region": (
        ["operations", "manager-mons"],
        Rights(frozenset({OPERATOR, MANAGER}), frozenset({"mons"})),
    ),
}


@pytest.mark.parametrize(("groups", "rights"), RIGHTS.values(), ids=RIGHTS)
def test_rights_by_groups(groups: Any, rights: Rights) -> None:
    assert rights_of(ISSUER, {"groups": groups, "roles": ["region"]}) == rights


def test_a_claim_may_be_inside_another() -> None:
    nested = Issuer.model_validate(KNOWN | {"roles_claim": "realm_access.roles"})
    desk = Rights(frozenset({FRONT_DESK}), frozenset({"mons"}))
    assert rights_of(nested, {"realm_access": {"roles": ["desk-mons"]}}) == desk
    assert rights_of(nested, {"realm_access.roles": ["desk-mons"]}) == desk
    others: list[Any] = [None, ["roles"], {"role": ["desk-mons"]}, {"roles": None}]
    for other in others:
        assert rights_of(nested, {"realm_access": other}) == Rights()


def test_a_name_is_one_short_line() -> None:
    assert name_of(ISSUER, {"name": " Amina \n Delvaux "}) == "Amina Delvaux"
    assert name_of(ISSUER, {"name": "x" * 500}) == "x" * NAME_LENGTH
    for claims in ({}, {"name": ""}, {"name": 7}, {"name": ["Amina"]}):
        assert name_of(ISSUER, claims) is None
