"""Areas by the names that people read."""

from services.chassis import i18n
from services.chassis.copies.areas import area_label


def test_an_area_has_its_name_in_every_language_unless_it_is_a_centres_own() -> None:
    for lang, name in (
        ("fr", "Trouver un emploi"),
        ("de", "Arbeit finden"),
        ("nl", "Werk vinden"),
        ("en", "Finding a job"),
    ):
        token = i18n.language.set(lang)
        said = area_label("find-job"), area_label("mobility")
        i18n.language.reset(token)
        assert said == (name, "mobility")
