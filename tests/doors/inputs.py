"""The table of inputs: what is sent, and how every door answers.

To add a case, add a row: its kinds, a value, and the rules by which it may be refused. Every door of `doors.py` that
takes one of these kinds gets it, in French and in German, on both stores. Addresses, forms and CSV get only texts.
"""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "line", "words", "key", "code", "moment", "day", "last-day", "number", "age", "choice", "yes-or-no", "phone"
]

HIDDEN = ("control-character",)
CALENDAR = ("outside-calendar",)


@dataclass(frozen=True, slots=True)
class Row:
    """An input that is refused, and the rules that a refusal may name."""

    kinds: tuple[Kind, ...]
    value: Any
    rules: tuple[str, ...]


TEXTS: tuple[Kind, ...] = ("line", "words", "key")
REFUSED = [
    Row(TEXTS, "a\0b", HIDDEN),
    Row(TEXTS, "a\x1b[31mb", HIDDEN),
    Row(TEXTS, "a\u0085b", HIDDEN),
    Row(TEXTS, "zero\u200bwidth", HIDDEN),
    Row(TEXTS, "soft\u00adhyphen", HIDDEN),
    Row(TEXTS, "\u202etxt.exe", HIDDEN),
    Row(TEXTS, "a\u2066b", HIDDEN),
    Row(("line", "key"), "two\nlines", HIDDEN),
    Row(("line", "key"), "two\u2028lines", HIDDEN),
    Row(("line", "key"), "a\tb", HIDDEN),
    Row(TEXTS, "é" * 5000, ("string-too-long",)),
    Row(("moment",), 1490601600, ("moment",)),
    Row(("moment",), "1490601600", ("moment",)),
    Row(("moment",), "2026-03-02", ("moment",)),
    Row(("moment",), "2026-03-02T09:00:00", ("moment",)),
    Row(("moment",), "2026-02-30T09:00:00Z", ("moment",)),
    Row(("moment",), "2026-03-02T25:00:00Z", ("moment",)),
    Row(("moment",), "2026-03-02T09:00:00 Europe/Brussels", ("moment",)),
    Row(("moment",), "soon", ("moment",)),
    Row(("moment",), "9999-12-31T23:59:59-12:00", CALENDAR),
    Row(("moment",), "9999-12-31T23:45:00Z", CALENDAR),
    Row(("moment",), "0001-01-01T00:00:00+14:00", CALENDAR),
    Row(("moment",), "2072-03-29T09:00:00+02:00", ("too-far-ahead", "in-the-future")),
    Row(("day",), "9999-12-31", (*CALENDAR, "not-a-date", "not-a-day")),
    Row(("day",), "0001-01-01", (*CALENDAR, "not-a-date", "not-a-day")),
    Row(("day",), "2026-02-30", ("day", "not-a-date", "not-a-day")),
    Row(("day",), "20260302", ("day", "not-a-date", "not-a-day")),
    Row(("day",), "2026-W10-1", ("day", "not-a-date", "not-a-day")),
    Row(("day",), "2026-03-02T00:00:00Z", ("day", "not-a-date", "not-a-day", "string-too-long")),
    Row(("day",), 1490601600, ("day",)),
    Row(("number",), "28_0", ("whole-number",)),
    Row(("number",), "1e3", ("whole-number",)),
    Row(("number",), "5.0", ("whole-number",)),
    Row(("number",), "0x10", ("whole-number",)),
    Row(("number",), "٣", ("whole-number",)),
    Row(("number",), "9" * 40, ("whole-number",)),
    Row(("number",), 10**30, ("whole-number",)),
    Row(("number",), True, ("whole-number",)),
    Row(("number",), 5.5, ("whole-number",)),
    Row(("choice",), "DESK", ("enum", "literal-error")),
    Row(("choice",), "0", ("enum", "literal-error")),
    Row(("code",), "Salle bleue", ("staff-code",)),
    Row(("code",), "salle\0", ("staff-code",)),
    Row(("last-day",), "2025-12-31", ("dates-backwards",)),
    Row(("age",), 17, ("ages-backwards",)),
    Row(("phone",), "12", ("phone-number",)),
    Row(("phone",), "appelez-nous", ("phone-number",)),
    Row(("phone",), "04 223 45 67 89 10 11 12 13", ("phone-number",)),
    Row(("yes-or-no",), "yes", ("yes-or-no",)),
    Row(("yes-or-no",), 1, ("yes-or-no",)),
]


@dataclass(frozen=True, slots=True)
class Kept:
    """A text as it is sent, and as it is kept and shown."""

    sent: str
    kept: str


KEPT = [
    Kept("  Me\u0301tiers  ", "Métiers"),
    Kept("\u200bMétiers\ufeff", "Métiers"),
    Kept("\u00a0Métiers\t", "Métiers"),
    Kept("Famille 👩\u200d👧", "Famille 👩\u200d👧"),
    Kept("محمد", "محمد"),
]
"""What no door refuses."""

PHONES = [
    Kept("112", "112"),
    Kept("04 223 45 67 ext. 12", "04 223 45 67 ext. 12"),
    Kept("04 223 45 67 poste 12", "04 223 45 67 poste 12"),
    Kept("+32\u00a04\u202f223\u00a045\u00a067", "+32 4 223 45 67"),
    Kept("0470/12.34.56", "0470/12.34.56"),
    Kept("+33 1 42 68 53 00", "+33 1 42 68 53 00"),
]
"""What a provider publishes as its phone."""
