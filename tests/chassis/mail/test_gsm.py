"""Text messages are written in their own alphabet, and counted in segments."""

import pytest

from services.chassis.mail.gsm import fits, in_alphabet, segments


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Votre rendez-vous\u00a0: le 2 août à 9\u202fh", "Votre rendez-vous : le 2 août à 9 h".replace("û", "u")),
        ("L’été – ça va… «\u00a0œuf\u00a0»", 'L\'été - ca va... " oeuf "'),
        ("Größe ÄÖÜ €5 {x}", "Größe ÄÖÜ €5 {x}"),
        ("Zoë 漢 naïve", "Zoe ? naive"),
    ],
)
def test_a_text_is_written_in_the_alphabet_of_text_messages(text: str, written: str) -> None:
    assert in_alphabet(text) == written


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("a" * 152 + "€" + "a" * 152, 3),  # 306 places, but no character is divided: 152, 153 and 1
        ("é" * 160, 1),
        ("ê" * 70, 1),
        ("ê" * 71, 2),
        ("ê" * 134, 2),
        ("ê" * 135, 3),
        ("👋" * 35, 1),
        ("👋" * 67, 3),  # 66 units in each of two
    ],
)
def test_how_many_segments_a_text_takes(text: str, number: int) -> None:
    assert (segments(text), fits(text)) == (number, number <= 2)
