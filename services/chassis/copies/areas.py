"""Areas as people read them."""

from services.chassis.i18n import word_of


def area_label(code: str, lang: str | None = None) -> str:
    """An area's name in this language (default: the reader's); its code, where a centre published one of its own."""
    return word_of(code, "Area", lang)
