"""A rebuild empties every table that the reactions of a read model count in: else it counts twice."""

from services.chassis.storage.tables import read_model_metadata
from services.launcher.catalogue import SERVICES

KEPT = {
    "accounts": "a rebuild signs nobody out",
    "publications": "what is published stays",
    "published_counts": "what is published stays",
    "covered_counts": "what is published stays",
    "exact_reads": "the log of who read exact figures; no event fills it",
}
"""Tables of read models that a rebuild leaves as they are, and why."""
OF_THE_CHASSIS = set(read_model_metadata().tables)


def test_each_table_of_a_read_model_is_emptied_by_a_rebuild_or_kept_for_a_reason() -> None:
    models = [service for service in SERVICES.values() if service.read_model_tables]
    assert models
    for service in models:
        emptied = {table.__tablename__ for table in service.read_model_tables}
        own = set(service.metadata.tables) - OF_THE_CHASSIS
        assert own - set(KEPT) == emptied, service.name
