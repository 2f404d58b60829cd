"""A person is found in spite of one slip of the keyboard in a word, and of a particle before the surname."""

import pytest

from services.chassis.storage.store import Store
from services.intake.domain.names import mistyped
from tests.intake.test_persons import found, registered


@pytest.mark.parametrize(
    ("stored", "typed"),
    [
        ("d’Artagnan", "artagan elise"),
        ("d'Artagnan", "elise dartagan"),
        ("Dartagnan", "elise artagnan"),
        ("Lhuilier", "L'Huiliér elize"),
        ("El Amrani", "amarni"),
        ("Elamrani", "amrani elise"),
        ("Van den Bossche", "vandenbosche"),
        ("Debacker", "backer elise"),
        ("Backer", "debacker"),
        ("Kowalski", "kowalsky"),
        ("Kowalski", "kowlaski"),
        ("Nguyen", "nguyrn elise"),
    ],
)
async def test_a_slip_of_the_keyboard_and_a_particle_do_not_hide_a_person(
    store: Store, stored: str, typed: str
) -> None:
    person = await registered(store, "Élise", stored)
    await registered(store, "Élise", "Mertens")
    assert await found(store, typed) == [person]


async def test_a_slip_is_looked_for_only_where_nobody_has_the_name(store: Store) -> None:
    right, near = await registered(store, "Élise", "Martin"), await registered(store, "Jeanne", "Martinn")
    assert set(await found(store, "martin")) == {right, near}
    assert await found(store, "élise xqzwvk") == []
    assert await found(store, "martan") != []
    for word in ("art", "élise@", "", "x" * 30):
        assert mistyped(word) == frozenset()
    assert all(len(mistyped(chr(97 + n % 26) * (4 + n % 17))) <= 1100 for n in range(60))
