"""Areas as people read them."""

from services.chassis.i18n import translate
from services.contracts.areas import AREAS


def area_label(code: str) -> str:
    """An area's name in the reader's language; its code, where a centre published an area of its own."""
    return translate(AREAS.get(code, code))
