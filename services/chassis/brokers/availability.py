"""Whether an error says that a part is away, broker or store, so that waiting may help."""

from services.chassis.brokers.clients import BROKER_ERRORS
from services.chassis.storage.errors import is_unavailable


def is_away(error: Exception) -> bool:
    """Whether the broker or the store cannot be reached or cannot answer now."""
    return isinstance(error, BROKER_ERRORS) or is_unavailable(error)
