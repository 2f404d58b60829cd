"""How other servers are reached: each service's own database, and nothing in plain text beyond the machine."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from services.chassis.runtime.settings import Settings
from tests.parts.certificates import Authority

SECRET = "hush-hush"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("certificates"))


def test_each_service_has_its_own_database(tmp_path: Path) -> None:
    assert Settings(data=tmp_path).store_url("intake") == f"sqlite+aiosqlite:///{tmp_path}/stores/intake.db"
    server = Settings(store="postgresql://cefo:secret@127.0.0.1:5432/")
    assert server.store_url("plans") == "postgresql+asyncpg://cefo:secret@127.0.0.1:5432/cefo_plans"


def test_parameters_of_the_address_stay_behind_the_database() -> None:
    server = Settings(store="postgresql://cefo@db:5432?sslmode=verify-full")
    assert server.store_url("plans") == "postgresql+asyncpg://cefo@db:5432/cefo_plans?sslmode=verify-full"
    socket = Settings(store="postgresql://cefo@/?host=/run/postgresql")
    assert socket.store_url("plans") == "postgresql+asyncpg://cefo@/cefo_plans?host=%2Frun%2Fpostgresql"


def test_an_authority_means_an_encrypted_and_verified_connection(authority: Authority) -> None:
    files = authority.issue("cefo")
    settings = Settings(
        store="postgresql://cefo@db",
        store_ca_file=authority.file,
        store_certificate_file=files.certificate,
        store_key_file=files.key,
    )
    url = settings.store_url("plans")
    assert "sslmode=verify-full&sslrootcert=" in url
    assert "&sslcert=" in url
    assert "&sslkey=" in url


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"store": f"postgresql://cefo:{SECRET}@db"}, "en clair .* Mettez CEFO_STORE_CA_FILE, .*CEFO_PLAINTEXT=postg"),
        ({"store": f"postgresql://cefo:{SECRET}@db?sslmode=disable"}, "CEFO_PLAINTEXT=postgresql"),
        ({"store": f"postgresql://cefo:{SECRET}@db?sslmode=require"}, "Mettez `.sslmode=verify-full`"),
        ({"store": f"postgresql://cefo:{SECRET}@db?ssl=true"}, "Mettez `.sslmode=verify-full`"),
        ({"store": f"postgresql://cefo:{SECRET}@db/cefo"}, "chaque service a la sienne"),
        ({"store": f"postgresql://cefo:a/{SECRET}@db:5432"}, "caractères spéciaux"),
        ({"store": f"postgresql://cefo:{SECRET}@db:port"}, "caractères spéciaux"),
        ({"store": f"mysql://cefo:{SECRET}@db"}, "ni sqlite ni"),
        ({"store": f"postgresql://cefo:{SECRET}@127.0.0.1?host=db"}, "ni sqlite ni"),
        ({"redis": f"redis://:{SECRET}@127.0.0.1?host=db"}, "pas une adresse `redis://`"),
        ({"redis": "redis:///0?host=db"}, "pas une adresse `redis://`"),
        ({"store": "postgresql://db", "store_ca_file": "/nowhere"}, "CEFO_STORE_CA_FILE. Vérifiez le chemin"),
        ({"store": "postgresql://db", "store_ca_file": __file__}, "CEFO_STORE_CA_FILE. Vérifiez le chemin"),
        ({"store": "postgresql://127.0.0.1", "store_key_file": __file__}, "il faut TLS"),
        ({"store": "postgresql://db?sslmode=verify-full", "store_key_file": __file__}, "vont ensemble"),
        ({"redis": f"redis://:{SECRET}@cache"}, "en clair .* `rediss://`.* CEFO_PLAINTEXT=redis"),
        ({"redis": f"rediss://:{SECRET}@cache?ssl_cert_reqs=none"}, "toujours vérifié"),
        ({"redis": f"rediss://:{SECRET}@cache:port"}, "pas une adresse"),
        ({"redis": f"cache:{SECRET}"}, "pas une adresse"),
        ({"redis_ca_file": __file__}, "rediss://"),
        ({"plaintext": "redis,everything"}, "plaintext"),
    ],
)
def test_a_connection_that_is_not_safe_stops_the_start(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message) as refused:
        Settings(**settings)
    assert SECRET not in str(refused.value)


def test_a_file_that_is_no_pair_stops_the_start(authority: Authority) -> None:
    files, other = authority.issue("cefo"), authority.issue("other")
    with pytest.raises(ValidationError, match="CEFO_REDIS_KEY_FILE ne forment pas une paire"):
        Settings(redis="rediss://cache", redis_certificate_file=files.certificate, redis_key_file=other.key)


def test_plain_text_is_accepted_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CEFO_PLAINTEXT", "postgresql, redis")
    settings = Settings(store="postgresql://cefo@db:5432", redis="redis://cache")
    assert settings.store_url("plans") == "postgresql+asyncpg://cefo@db:5432/cefo_plans"
    assert settings.redis_options() == {}


@pytest.mark.parametrize("address", ["redis://localhost", "redis://[::1]:6379/0", "unix:///run/redis.sock"])
def test_what_stays_on_the_machine_needs_no_encryption(address: str) -> None:
    assert Settings(redis=address).redis == address
