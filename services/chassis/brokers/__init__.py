"""Access to Kafka: the only package that imports the broker's clients.

`port` defines what the chassis needs from a broker, `apache` and `embedded` implement it. `subscriber` keeps
FastStream's subscriber running, `producer` publishes through FastStream's broker, `clients` starts and closes
aiokafka's clients.
"""

from services.chassis.brokers.apache import ApacheBroker
from services.chassis.brokers.embedded import EmbeddedBroker
from services.chassis.brokers.port import Broker
from services.chassis.runtime.settings import Settings


def broker_of(settings: Settings, *, embedded: bool = False) -> Broker:
    """The broker at `CEFO_KAFKA`. `embedded`: it is the embedded stack's."""
    return EmbeddedBroker(settings) if embedded else ApacheBroker(settings)
