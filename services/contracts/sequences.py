"""The numbers of an aggregate's events: from 1 without gaps, in epochs.

A store that was restored from an older backup opens a new epoch, because other services know the numbers after the
backup. The number of an event is `epoch * EPOCH + n`. The first event of an aggregate in an epoch names the number
that it follows in its own store, so that a consumer recognises a gap there too: docs/decisions/0024-epochs.md.
"""

from datetime import UTC, datetime

EPOCH = 100_000
"""Numbers of an epoch: an aggregate can emit one event less in it."""
FIRST_SECOND = datetime(2026, 1, 1, tzinfo=UTC)
"""An epoch is the number of seconds since then at which it was opened: new also where nothing shows the older ones."""


class NumbersUsedUp(Exception):
    """The aggregate has emitted as many events as an epoch has numbers. `cefo restore` opens the next epoch."""


def epoch_at(now: datetime, known: int) -> int:
    """The epoch that is opened now, after the newest known one: a clock may be wrong."""
    return max(known + 1, int((now - FIRST_SECOND).total_seconds()))


def epoch_of(sequence: int) -> int:
    """The epoch of a number."""
    return sequence // EPOCH


def begins_epoch(sequence: int) -> bool:
    """Whether this is the first number of an epoch after 0."""
    return sequence > EPOCH and sequence % EPOCH == 1


def next_sequence(last: int, epoch: int) -> int:
    """The number of an aggregate's next event after `last`, in this epoch of its store. Raises `NumbersUsedUp`."""
    if epoch_of(last) < epoch:
        return epoch * EPOCH + 1
    if epoch_of(last + 1) != epoch_of(last):
        raise NumbersUsedUp(f"number {last} is the last of epoch {epoch_of(last)}")
    return last + 1
