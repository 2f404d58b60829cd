"""The whole platform's events as a FastStream application, for FastStream's own commands::

    faststream docs gen services.launcher.asyncapi:app --out asyncapi.json

It is never started. Its servers and topics are those of the settings.
"""

from faststream import FastStream

from services.chassis.brokers.apache import ApacheBroker
from services.chassis.events.asyncapi import EventSpecification
from services.chassis.runtime.settings import Settings
from services.launcher.catalogue import SERVICES


def application(settings: Settings) -> FastStream:
    """An application with the events that all services emit and consume."""
    stream = ApacheBroker(settings).stream("platform")
    reactions = {name: service.reactions for name, service in SERVICES.items()}
    return FastStream(stream, specification=EventSpecification("cefo", reactions, stream, settings))


app = application(Settings())
