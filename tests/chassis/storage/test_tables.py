"""The chassis' own tables in a service's store, and the names of its constraints."""

import sqlalchemy as sa

from services.chassis.storage.tables import chassis_metadata, in_states, read_model_metadata


def test_only_a_read_model_has_rebuilds() -> None:
    own = {"outbox", "inbox", "dead_letters", "dead_letter_reveals", "epochs"}
    assert set(chassis_metadata().tables) == own
    assert set(read_model_metadata().tables) == {*own, "rebuilds"}


def test_constraints_are_named_after_their_table_and_columns() -> None:
    metadata = chassis_metadata()
    seats = sa.Table(
        "seats", metadata, sa.Column("id", sa.Uuid, primary_key=True), sa.Column("person", sa.Uuid, unique=True)
    )
    assert {str(one.name) for one in seats.constraints} == {"seats_key", "seats_person_unique"}


def test_states_stand_in_a_predicate_in_the_given_order() -> None:
    assert in_states(["waiting", "called"]) == "status in ('waiting', 'called')"
