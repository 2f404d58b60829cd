"""Refuses to work on a store that was put back from a backup without `cefo restore`."""

from collections.abc import Generator
from contextlib import contextmanager

from services.chassis.i18n import moment_text
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.service.store_mark import OlderStore
from services.launcher.errors import Refusal


class StoreNotRestored(Refusal):
    """A store was put back from a backup, and `cefo restore` was not run."""


@contextmanager
def refuse_older_stores() -> Generator[None]:
    """Raise `StoreNotRestored` in place of `OlderStore`: others would ignore what a store from a backup emits."""
    try:
        yield
    except OlderStore as older:
        has, had = (moment_text(at.astimezone(BRUSSELS), "long") for at in (older.has, older.had))
        raise StoreNotRestored(
            f"La base de données de {older.service} s’arrête le {has}, mais ce service a écrit jusqu’au {had}. "
            f"Elle vient d’une sauvegarde. Lancez d’abord `cefo restore {older.service}`, avec les mêmes variables, "
            "puis redémarrez (docs/backups.md)."
        ) from older
