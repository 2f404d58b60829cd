"""Areas by the names that people read."""

from services.chassis import i18n
from services.chassis.copies.areas import area_label


def test_an_area_has_its_name_in_every_language_and_a_centres_own_one_is_another_need() -> None:
    for lang, *names in (
        ("fr", "Trouver un emploi", "Autre besoin"),
        ("de", "Arbeit finden", "Anderes Anliegen"),
        ("nl", "Werk vinden", "Andere vraag"),
        ("en", "Find a job", "Other need"),
    ):
        token = i18n.language.set(lang)
        shown = [area_label("find-job"), area_label("mobility")]
        i18n.language.reset(token)
        assert shown == names
