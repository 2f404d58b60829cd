"""A refusal names what can be chosen in the reader's words."""

from services.chassis.i18n import language
from services.chassis.web.choices import codes_in, words_of


def test_the_codes_of_a_choice_have_words_in_the_readers_language() -> None:
    codes = codes_in("'desk', 'kiosk', 'phone' or 'online'")
    assert codes == ["desk", "kiosk", "phone", "online"]
    language.set("fr")
    assert words_of(codes) == ["à l’accueil", "à la borne", "par téléphone", "en ligne"]
    language.set("de")
    assert words_of(["served", "left"]) != words_of(["left", "served"]) != ["left", "served"]


def test_choices_that_no_person_makes_have_no_words() -> None:
    assert words_of(["inbox", "referral"]) == []
    assert words_of([]) == []
