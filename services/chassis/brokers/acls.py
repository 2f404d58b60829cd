"""Access rights on Kafka: how they are written, and how a broker is given them.

aiokafka's admin client cannot create them; confluent-kafka's can.
"""

from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Literal, cast

from confluent_kafka import KafkaException, admin

from services.chassis.brokers.clients import DEADLINE
from services.chassis.brokers.security import librdkafka_options
from services.chassis.runtime.settings import Settings

_admin: Any = admin  # which exports none of these names by its own account

Operation = Literal["create", "describe", "read", "write"]
"""`read` and `write` include `describe`."""


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """What one user may do with a topic or a consumer group, or with all whose names begin like it."""

    user: str
    """The name behind `User:`."""
    resource: Literal["topic", "group"]
    name: str
    operations: tuple[Operation, ...]
    prefixed: bool = False


class RightsNotApplied(Exception):
    """The broker did not take the rights; the text says why, in its words."""


def apply_rights(settings: Settings, rights: Iterable[Right]) -> int:
    """Give the broker these rights; those that it has stay. Returns how many it was given. Blocks.

    Raises `RightsNotApplied`; then some of them may have been applied.
    """
    bindings = [_binding(right, operation) for right in rights for operation in right.operations]
    client: Any = _admin.AdminClient(librdkafka_options(settings, "cefo-acls") | {"log_level": "0"})
    try:
        answers = cast("dict[Any, Future[None]]", client.create_acls(bindings, request_timeout=DEADLINE))
        for answer in answers.values():
            answer.result(2 * DEADLINE)
    except (KafkaException, TimeoutError) as error:
        text = error.args[0].str() if isinstance(error, KafkaException) else "no answer"
        raise RightsNotApplied(text) from error
    return len(bindings)


def _binding(right: Right, operation: Operation) -> Any:
    return _admin.AclBinding(
        _admin.ResourceType[right.resource.upper()],
        right.name,
        _admin.ResourcePatternType.PREFIXED if right.prefixed else _admin.ResourcePatternType.LITERAL,
        f"User:{right.user}",
        "*",
        _admin.AclOperation[operation.upper()],
        _admin.AclPermissionType.ALLOW,
    )
