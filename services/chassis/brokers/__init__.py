"""The way to Kafka: the only package that knows the broker's clients.

`port` says what the chassis asks of a broker, `apache` and `embedded` answer it. `subscriber` keeps FastStream's
subscriber running, `producer` publishes through FastStream's broker, `clients` starts and closes aiokafka's clients.
"""

from services.chassis.brokers.apache import ApacheBroker
from services.chassis.brokers.embedded import EmbeddedBroker
from services.chassis.brokers.port import Broker
from services.chassis.runtime.settings import Settings


def broker_of(settings: Settings, *, embedded: bool = False) -> Broker:
    """The way to the broker at `CEFO_KAFKA`; `embedded`: it is the embedded stack's."""
    return EmbeddedBroker(settings) if embedded else ApacheBroker(settings)
