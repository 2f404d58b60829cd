"""The file with everyone who was erased: complete, for its owner alone, and shared by the processes of a machine."""

import multiprocessing
import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from services.chassis.storage.erased_list import HEAD, PAGE, ErasedList, UnreadableList

MONDAY = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
ADA = "2f6c1a34-9d1e-4a55-8f0e-3b1f6f0a2c11"


@pytest.fixture
def erased(tmp_path: Path) -> ErasedList:
    return ErasedList(tmp_path / "never-restore" / "erased-persons.txt")


def everyone(erased: ErasedList) -> dict[UUID, datetime]:
    return {ref: at for page in erased.pages() for ref, at in page.items()}


def test_it_keeps_reference_and_day_once_for_its_owner_alone(erased: ErasedList) -> None:
    assert everyone(erased) == {}
    ada, ben = uuid4(), uuid4()
    assert erased.add({ada: MONDAY}) == 1
    assert erased.add({ada: MONDAY + timedelta(days=9), ben: MONDAY}) == 1
    assert erased.path.read_text() == f"{HEAD}{ada} 2026-03-02\n{ben} 2026-03-02\n"
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    assert everyone(erased) == {ada: midnight, ben: midnight}
    assert {stat.S_IMODE(path.stat().st_mode) for path in erased.path.parent.iterdir()} == {0o600}
    assert stat.S_IMODE(erased.path.parent.stat().st_mode) == 0o700


def test_a_long_list_comes_in_pages(erased: ErasedList) -> None:
    people = {uuid4(): MONDAY for _ in range(PAGE + 1)}
    erased.add(people)
    assert [len(page) for page in erased.pages()] == [PAGE, 1]
    assert everyone(erased).keys() == people.keys()


def append(path: Path, people: list[UUID]) -> None:
    for ref in people:
        ErasedList(path).add({ref: MONDAY})


def test_processes_append_at_once(erased: ErasedList) -> None:
    people = [uuid4() for _ in range(50)]
    started = [multiprocessing.Process(target=append, args=(erased.path, people)) for _ in range(4)]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0] * 4
    assert sorted(erased.path.read_text().splitlines()[1:]) == sorted(f"{ref} 2026-03-02" for ref in people)


@pytest.mark.parametrize("lost", [1, 3, 20])
def test_a_line_that_was_cut_off_is_replaced(erased: ErasedList, lost: int) -> None:
    ada, ben = uuid4(), uuid4()
    erased.add({ada: MONDAY, ben: MONDAY})
    erased.path.write_text(erased.path.read_text()[:-lost])
    assert everyone(erased).keys() == {ada}
    erased.add({ben: MONDAY})
    assert erased.path.read_text() == f"{HEAD}{ada} 2026-03-02\n{ben} 2026-03-02\n"


@pytest.mark.parametrize("line", ["", "someone 2026-03-02", f"{ADA} yesterday", f"{ADA} 2026-03-02 x", "\xff"])
def test_a_line_that_is_no_entry_is_named(erased: ErasedList, line: str) -> None:
    erased.add({uuid4(): MONDAY})
    with erased.path.open("a", encoding="latin-1") as file:
        file.write(f"{line}\n{uuid4()} 2026-03-02\n")
    for read in (erased.check, lambda: everyone(erased), lambda: erased.drop_before(date(2027, 1, 1))):
        with pytest.raises(UnreadableList) as raised:
            read()
        assert (raised.value.path, raised.value.line) == (erased.path, 3)


def test_old_entries_end(erased: ErasedList) -> None:
    ada, ben = uuid4(), uuid4()
    erased.add({ada: MONDAY, ben: MONDAY + timedelta(days=1)})
    assert erased.drop_before(date(2026, 3, 2)) == 0
    assert erased.drop_before(date(2026, 3, 3)) == 1
    assert erased.path.read_text() == f"{HEAD}{ben} 2026-03-03\n"
    assert stat.S_IMODE(erased.path.stat().st_mode) == 0o600
