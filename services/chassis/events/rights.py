"""The least rights on Kafka of each service, desk and partner, from the topics and the reactions.

A new topic or reaction changes them by itself. Who may create what follows the start: services start in any order, so
each creates the topics that it emits on and those that it consumes.
"""

from collections.abc import Iterable

from services.chassis.brokers.acls import Operation, Right
from services.chassis.events.reactions import Reactions
from services.contracts import TOPICS, Topic


def emitted_topics(service: str) -> list[Topic]:
    """The topics on which this service emits."""
    return [topic for topic in TOPICS.values() if topic.owner == service]


def consumed_topics(reactions: Reactions) -> list[Topic]:
    """The topics that these reactions consume."""
    return [topic for name, topic in TOPICS.items() if name in reactions.topics]


def rights_of_service(service: str, consumed: Iterable[Topic], user: str) -> list[Right]:
    """What a service needs: to emit and read that again, to consume these topics, and to publish its dead letters."""
    found: dict[tuple[str, bool], set[Operation]] = {}

    def allow(name: str, *operations: Operation, prefixed: bool = False) -> None:
        found.setdefault((name, prefixed), set()).update(operations)

    for topic in emitted_topics(service):
        # It reads its own topics after its store was restored: what others know that it does not.
        allow(topic.name, "create", "read", "write")
        allow(topic.dead_letters, "create", "describe")
    for topic in consumed:
        allow(topic.name, "create", "read")
        allow(topic.dead_letters, "create", "describe" if topic.read_at_start else "write")
        if topic.per_centre:
            allow(f"{topic.name}.", "create", "read", prefixed=True)
    topics = [Right(user, "topic", name, _least(some), prefixed) for (name, prefixed), some in sorted(found.items())]
    return [*topics, Right(user, "group", group_of(service), ("read",))]


def rights_of_desk(centre: str, user: str) -> list[Right]:
    """What the own software of a centre needs: to write on its centre's topics."""
    names = (name for topic in TOPICS.values() if topic.per_centre for name in topic.names([centre])[1:])
    return [Right(user, "topic", name, ("write",)) for name in names]


def rights_of_gateway(user: str) -> list[Right]:
    """What a region's gateway needs: to write for every centre."""
    return [Right(user, "topic", topic.name, ("write",)) for topic in TOPICS.values() if topic.per_centre]


def rights_of_partner(partner: str, user: str) -> list[Right]:
    """What a partner needs: to read what is for partners, in groups of its own."""
    topics = [Right(user, "topic", topic.name, ("read",)) for topic in TOPICS.values() if topic.for_partners]
    return [*topics, Right(user, "group", f"partner.{partner}.", ("read",), prefixed=True)]


def group_of(service: str) -> str:
    """The consumer group of a service."""
    return f"cefo.{service}"


def _least(operations: Iterable[Operation]) -> tuple[Operation, ...]:
    """In order, without `describe` where reading or writing includes it."""
    some = set(operations)
    return tuple(sorted(some - {"describe"} if some & {"read", "write"} else some))
