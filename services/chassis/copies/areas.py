"""Areas as people read them."""

from services.chassis.i18n import translate, word_of
from services.chassis.refusals import msg

_OTHER = msg("Other need")


def area_label(code: str) -> str:
    """An area's name in the reader's language. One that a centre published for itself has none: it is another need."""
    name = word_of(code, "Area")
    return translate(_OTHER) if name == code else name
