"""Sessions, sign-ins and openings: signed, for one purpose, for a time; and the key that signs them."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import time
from uuid import uuid4

import pytest

from services.chassis.identity import tokens
from services.chassis.identity.people import Claim, Person
from services.chassis.identity.tokens import AccountToken, PersonToken, Signer, VisitorToken, signer
from services.chassis.runtime.settings.secret_files import UnusableSecret
from services.chassis.testing import quiet_settings
from services.contracts.roles import Role

MORNING = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
NADIA = Person(subject="t/nadia", name="Nadia (test)", roles=frozenset({Role.COUNSELLOR}), centres=frozenset({"mons"}))


def test_a_session_comes_back_as_the_same_person() -> None:
    mine = Signer("key", 12)
    nadia = NADIA.model_copy(update={"claims": frozenset({Claim("badge", "7"), Claim("floor", "2")})})
    assert mine.person(mine.session(nadia)) == nadia
    assert hash(mine.person(mine.session(nadia))) == hash(nadia)


def test_a_cached_session_still_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = Signer("key", 1)
    session, began = mine.session(NADIA), time()
    for later, who in ((0, NADIA), (3590, NADIA), (3610, None), (0, NADIA)):
        monkeypatch.setattr(tokens, "time", lambda later=later: began + later)
        assert mine.person(session) == who


def test_no_other_key_purpose_or_time_is_accepted() -> None:
    mine, other = Signer("key", 12), Signer("other", 12)
    session = mine.session(NADIA)
    assert other.person(session) is None
    payload, _, rest = session.partition(".")
    assert mine.person(f"{payload[:-2]}xx.{rest}") is None
    assert mine.person("") is None


ACCOUNT = AccountToken(account_ref=uuid4(), sign_in=uuid4(), began_at=MORNING, expires_at=MORNING + timedelta(hours=12))


def test_a_sign_in_of_an_account_comes_back_and_is_no_person() -> None:
    mine, other = Signer("key", 12), Signer("other", 12)
    assert mine.verify(mine.sign(ACCOUNT)) == ACCOUNT
    assert mine.person(mine.sign(ACCOUNT)) is None
    assert other.verify(mine.sign(ACCOUNT)) is None
    assert isinstance(mine.verify(mine.session(NADIA)), PersonToken)


OPENING = VisitorToken(
    subject_ref=uuid4(),
    link_id=uuid4(),
    opening=uuid4(),
    began_at=MORNING,
    expires_at=MORNING + timedelta(minutes=15),
    ends_at=MORNING + timedelta(minutes=40),
    centre="mons",
)


def test_an_opened_link_comes_back_and_is_neither_an_account_nor_a_person() -> None:
    mine, other = Signer("key", 12), Signer("other", 12)
    assert mine.verify(mine.sign(OPENING)) == OPENING
    assert mine.person(mine.sign(OPENING)) is None
    assert other.verify(mine.sign(OPENING)) is None


def test_an_opening_at_a_centre_is_renewed_by_requests_up_to_its_end() -> None:
    assert OPENING.renewed(MORNING + timedelta(seconds=30)) is None
    later = OPENING.renewed(MORNING + timedelta(minutes=10))
    assert later == OPENING.model_copy(update={"expires_at": MORNING + timedelta(minutes=25)})
    last = OPENING.renewed(MORNING + timedelta(minutes=30))
    assert last is not None
    assert last.expires_at == OPENING.ends_at
    assert OPENING.model_copy(update={"centre": None}).renewed(MORNING + timedelta(minutes=10)) is None


def test_a_signed_token_with_other_fields_is_refused() -> None:
    mine = Signer("key", 12)
    for changed in ({"expires_at": None}, {"roles": ["operator"]}, {"account_ref": "nadia"}):
        payload = ACCOUNT.model_dump(mode="json") | changed
        text = mine._serializer("account").dumps(payload)  # pyright: ignore[reportPrivateUsage]
        assert mine.verify(text) is None


def test_a_sealed_text_comes_back_for_its_purpose_and_in_its_time_alone() -> None:
    mine = Signer("key", 12)
    text = mine.seal("attempt", {"state": "x"})
    assert mine.unseal("attempt", text, 60) == {"state": "x"}
    assert mine.unseal("session", text, 60) is None
    assert mine.unseal("attempt", text, -1) is None
    assert mine.unseal("attempt", text[:-2], 60) is None
    assert Signer("other", 1).unseal("attempt", text, 60) is None
    assert mine.verify(text) is None


def test_a_key_is_made_once_for_its_owner_alone_however_many_start_together(tmp_path: Path) -> None:
    """Processes side by side share the folder: an empty or second key would let nobody, or anybody, in."""
    for attempt in range(20):
        settings = quiet_settings(tmp_path / str(attempt))
        with ThreadPoolExecutor(8) as starting:
            made = [made.session(NADIA) for made in starting.map(signer, [settings] * 8)]
        assert all(signer(settings).person(session) == NADIA for session in made)
        assert Signer("", 12).person(made[0]) is None
        [key] = (tmp_path / str(attempt)).iterdir()
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
        assert len(key.read_text()) > 40


def test_a_key_that_others_may_read_is_closed_to_them(tmp_path: Path) -> None:
    session = signer(quiet_settings(tmp_path)).session(NADIA)
    key = tmp_path / "secret.key"
    key.chmod(0o644)  # as older versions wrote it
    assert signer(quiet_settings(tmp_path)).person(session) == NADIA
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_configured_key_comes_first(tmp_path: Path) -> None:
    key = "from the vault, with 32 bytes or more"
    settings = quiet_settings(tmp_path, secret_key=key)
    assert Signer(key, 12).person(signer(settings).session(NADIA)) == NADIA
    assert not list(tmp_path.iterdir())
    assert key not in repr(settings)


def test_a_key_in_the_data_folder_that_could_be_guessed_is_refused(tmp_path: Path) -> None:
    for key in ("", "from-the-vault"):
        (tmp_path / "secret.key").write_text(key)
        with pytest.raises(UnusableSecret, match=r"secret\.key"):
            signer(quiet_settings(tmp_path))


def test_the_previous_key_verifies_and_never_signs() -> None:
    old, both, new = Signer("old", 12), Signer("new", 12, previous="old"), Signer("new", 12)
    assert both.verify(old.sign(ACCOUNT)) == both.verify(new.sign(ACCOUNT)) == ACCOUNT
    assert both.person(old.session(NADIA)) == NADIA
    assert both.unseal("attempt", old.seal("attempt", {"state": "x"}), 60) == {"state": "x"}
    assert old.verify(both.sign(ACCOUNT)) is None
    assert new.verify(both.sign(ACCOUNT)) == ACCOUNT
    assert Signer("new", 12, previous="older").verify(old.sign(ACCOUNT)) is None
