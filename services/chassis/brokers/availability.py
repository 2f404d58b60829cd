"""Whether an error means that the broker or the store is unavailable, so that a retry may succeed."""

from services.chassis.brokers.clients import BROKER_ERRORS
from services.chassis.storage.errors import is_unavailable


def is_away(error: Exception) -> bool:
    """Whether the broker or the store cannot be reached or cannot answer now."""
    return isinstance(error, BROKER_ERRORS) or is_unavailable(error)
