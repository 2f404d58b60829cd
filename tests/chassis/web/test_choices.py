"""A refusal names what can be chosen in the reader's words."""

from services.chassis.copies.areas import area_label
from services.chassis.i18n import language, translate
from services.chassis.refusals import AreaNotServed, UnknownCentre
from services.chassis.web import explain, faults_of
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


def test_a_refusal_names_the_choices_if_they_are_few() -> None:
    language.set("fr")
    few = UnknownCentre(centre="huy", known=["arlon", "liege"], choices=["Arlon", "Liège"])
    many = UnknownCentre(centre="huy", known=["liege"], choices=["Liège"] * 13)
    area = AreaNotServed(centre="liege", area="x", known=["find-job"])
    shown = [explain(one) for one in (few, many, area)]
    [fault] = faults_of(few)
    plain = translate(UnknownCentre.message, "fr")
    assert shown[:2] == [f"{plain} Choisissez parmi\u00a0: Arlon, Liège.", plain]
    assert shown[2].endswith(f": {area_label('find-job', 'fr')}.")
    assert (fault["known"], "choices" in fault) == (["arlon", "liege"], False)
