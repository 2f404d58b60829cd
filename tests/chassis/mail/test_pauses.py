"""A pause of a channel is kept, replaced by the next one, and over at its end."""

from datetime import timedelta

from services.chassis.mail.errors import ServerAway
from services.chassis.mail.messages import Channel
from services.chassis.mail.pauses import keep_pause, pauses_of
from services.chassis.storage.store import Store
from services.chassis.testing import FixedClock
from tests.chassis.sample_service import Pauses


async def left(store: Store) -> dict[str, tuple[str, float]]:
    found = await pauses_of(store, Pauses)
    return {channel.value: (away.code, away.pause.total_seconds()) for channel, away in found.items()}


async def test_a_pause_is_over_at_its_end_and_replaced_by_the_next(store: Store, clock: FixedClock) -> None:
    assert await left(store) == {}
    await keep_pause(store, Pauses, Channel.SMS, ServerAway("429", timedelta(seconds=60)))
    clock.forward(seconds=20)
    assert await left(store) == {"sms": ("429", 40)}
    await keep_pause(store, Pauses, Channel.SMS, ServerAway("503", timedelta(seconds=10)))
    assert await left(store) == {"sms": ("503", 10)}
    clock.forward(seconds=10)
    assert await left(store) == {}


async def test_a_service_without_a_table_has_none(store: Store) -> None:
    assert await pauses_of(store, None) == {}
