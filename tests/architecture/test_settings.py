"""docs/settings.md names every setting there is, and none that is not."""

import re
from pathlib import Path

from services.chassis.runtime.settings import FromEnvironment
from services.launcher.documents import settings, settings_tables

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "settings.md"
FIELDS = {name: field for kind in settings().values() for name, field in kind.model_fields.items()}


def kinds(kind: type[FromEnvironment]) -> set[type[FromEnvironment]]:
    """All classes below this one."""
    return set(kind.__subclasses__()).union(*map(kinds, kind.__subclasses__()))


def test_a_setting_stands_once_and_a_service_gives_its_own_to_the_process() -> None:
    assert {kind for kind in kinds(FromEnvironment) if not kind.__subclasses__()} == set(settings().values())
    assert len(FIELDS) == sum(len(kind.model_fields) for kind in settings().values())
    for service, kind in settings().items():
        place = f"services.{service}.settings" if service else "services.chassis.runtime.settings.process"
        assert kind.__module__ == place
    empty = [kind for kind in settings().values() if not kind.model_fields]
    assert empty == [], "a service without a setting of its own needs no file"


def test_the_document_has_every_setting_as_the_code_has_it() -> None:
    said = re.search(r"<!-- settings -->\n(.*)<!-- /settings -->", DOCUMENT.read_text(), re.DOTALL)
    assert said is not None
    assert said[1] == settings_tables(), "docs/settings.md is out of date: run `make snapshots`"


def test_the_document_has_every_variable_that_any_code_reads() -> None:
    read = {
        name
        for path in (*(ROOT / "services").rglob("*.py"), *(ROOT / "tests").rglob("*.py"), ROOT / "Makefile")
        if path != Path(__file__)
        for name in re.findall(r"\bCEFO_[A-Z_]*[A-Z]\b", path.read_text())
    }
    documented = set(re.findall(r"`(CEFO_[A-Z_]+)`", DOCUMENT.read_text()))
    fields = {f"CEFO_{name.upper()}" for name in FIELDS}
    assert read - documented == set()
    assert documented - read - fields == set()


def test_every_setting_is_described_with_its_unit() -> None:
    for name, field in FIELDS.items():
        assert field.description, name
        counts = name in ("partitions", "replication", "batch", "attempts", "unconfirmed_bookings")
        if isinstance(field.default, int | float) and not isinstance(field.default, bool) and not counts:
            assert re.search(r"in (bytes|seconds|hours|days|ms)\b", field.description), f"{name}: in which unit?"
