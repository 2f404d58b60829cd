"""Each place where a service has had its store has a mark of its own."""

from pathlib import Path

from services.chassis.runtime.settings import Settings
from services.chassis.service.store_mark import StoreMark
from services.chassis.storage.store import Store
from services.launcher.catalogue import SERVICES


async def _mark(data: Path, store: str) -> Path:
    settings = Settings(data=data, store=store)
    opened = Store(settings.store_url("plans"), "plans", SERVICES["plans"].metadata)
    try:
        return StoreMark(opened, settings).path
    finally:
        await opened.close()


async def test_the_mark_of_one_database_does_not_hold_up_another(tmp_path: Path) -> None:
    marks = [
        await _mark(tmp_path / "data", store)
        for store in ("sqlite", "postgresql://cefo:a@127.0.0.1:5432", "postgresql://cefo:a@127.0.0.1:5433")
    ]
    assert len(set(marks)) == 3
    assert {mark.parent for mark in marks} == {tmp_path / "data-never-restore"}
    assert await _mark(tmp_path / "data", "postgresql://other:b@127.0.0.1:5432") == marks[1], "no account is in it"
    assert (await _mark(tmp_path / "moved" / "data", "sqlite")).name == marks[0].name, "moved with its folder"
