"""The table of inputs: what is sent, and how every door answers.

To add a case, add a row: its kinds, a value, and the rules by which it may be refused. Every door of `doors.py` that
takes one of these kinds gets it, in French and in German, on both stores. Addresses, forms and CSV get only texts.
"""

from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal[
    "line",
    "words",
    "key",
    "code",
    "language",
    "any-language",
    "moment",
    "since",  # a moment that only bounds a search: it may lie ahead
    "day",
    "plan-day",
    "past-day",
    "last-day",
    "clock",
    "number",
    "decimal",
    "age",
    "choice",
    "which",  # a choice of an address
    "yes-or-no",
    "phone",
    "email",
    "contact",  # of a person: a phone number or an e-mail address
    "list",
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
    Row(TEXTS, "liege\x1f", HIDDEN),
    Row(TEXTS, "\x0bliege\x85", HIDDEN),
    Row(TEXTS, "Ren\ufffd", HIDDEN),
    Row(TEXTS, "a\ufffe", HIDDEN),
    Row(TEXTS, "a\U0010ffff", HIDDEN),
    Row(TEXTS, "a\u034fb", HIDDEN),
    Row(TEXTS, "é" * 5000, ("string-too-long",)),
    Row(("moment", "since"), 1490601600, ("moment",)),
    Row(("moment", "since"), "1490601600", ("moment",)),
    Row(("moment", "since"), "2026-03-02", ("moment",)),
    Row(("moment", "since"), "2026-03-02T09:00:00", ("moment",)),
    Row(("moment", "since"), "2026-02-30T09:00:00Z", ("moment",)),
    Row(("moment", "since"), "2026-03-02T25:00:00Z", ("moment",)),
    Row(("moment", "since"), "2026-03-02T09:00:00 Europe/Brussels", ("moment",)),
    Row(("moment", "since"), "2026-03-02T07:50:00+01:99", ("moment",)),
    Row(("moment", "since"), "2026-03-02T07:50:00+25:00", ("moment",)),
    Row(("moment", "since"), "soon", ("moment",)),
    Row(("moment", "since"), "9999-12-31T23:59:59-12:00", CALENDAR),
    Row(("moment", "since"), "9999-12-31T23:45:00Z", CALENDAR),
    Row(("moment", "since"), "0001-01-01T00:00:00+14:00", CALENDAR),
    Row(("moment",), "2072-03-29T09:00:00+02:00", ("too-far-ahead", "in-the-future")),
    Row(("day", "plan-day", "past-day"), "9999-12-31", (*CALENDAR, "not-a-date", "not-a-day")),
    Row(("day", "plan-day", "past-day"), "0001-01-01", (*CALENDAR, "not-a-date", "not-a-day")),
    Row(("plan-day",), "2150-01-01", ("due-too-far-ahead",)),
    Row(("plan-day",), "1901-01-01", ("due-in-past",)),
    Row(("past-day",), "2026-03-03", ("checked-later",)),
    Row(("day", "plan-day", "past-day"), "2026-02-30", ("day", "not-a-date", "not-a-day")),
    Row(("day", "plan-day", "past-day"), "20260302", ("day", "not-a-date", "not-a-day")),
    Row(("day", "plan-day", "past-day"), "2026-W10-1", ("day", "not-a-date", "not-a-day")),
    Row(("day", "plan-day", "past-day"), "2026-03-02T00:00:00Z", ("day", "not-a-date", "not-a-day", "string-too-long")),
    Row(("day", "plan-day", "past-day"), 1490601600, ("day",)),
    Row(("number",), "28_0", ("whole-number",)),
    Row(("number",), "1e3", ("whole-number",)),
    Row(("number",), "5.0", ("whole-number",)),
    Row(("number",), "0x10", ("whole-number",)),
    Row(("number",), "٣", ("whole-number",)),
    Row(("number",), "9" * 40, ("whole-number",)),
    Row(("number",), 10**30, ("whole-number",)),
    Row(("number",), True, ("whole-number",)),
    Row(("number",), 5.5, ("whole-number",)),
    Row(("decimal",), True, ("number",)),
    Row(("decimal",), "28_0", ("number",)),
    Row(("decimal",), "50.64", ("number",)),
    Row(("decimal",), "Infinity", ("number",)),
    Row(("decimal",), 10**30, ("number",)),
    Row(("decimal",), 5000, ("less-than-equal",)),
    Row(("choice", "which"), "DESK", ("enum", "literal-error")),
    Row(("choice", "which"), "0", ("enum", "literal-error")),
    Row(("code",), "Salle bleue", ("staff-code",)),
    Row(("code",), "salle\0", ("staff-code",)),
    Row(("code",), "r1\x0b", ("staff-code",)),
    Row(("language", "any-language"), "Arabe", ("language-code",)),
    Row(("language", "any-language"), "ar-BE", ("language-code",)),
    Row(("language",), "zz", ("language-code",)),
    Row(("language",), "zxx", ("language-code",)),
    Row(("clock",), "25:00", ("local-time",)),
    Row(("clock",), "9h30", ("local-time",)),
    Row(("last-day",), "2025-12-31", ("dates-backwards",)),
    Row(("age",), 17, ("ages-backwards",)),
    Row(("phone",), "12", ("phone-number",)),
    Row(("phone",), "appelez-nous", ("phone-number",)),
    Row(("phone",), "04 223 45 67 89 10 11 12 13", ("phone-number",)),
    *(
        Row(("email", "contact"), address, ("email-address", "wrong-contact"))
        for address in (
            "é@exemple.be",
            "jean@exemple.be.",
            "jean@[127.0.0.1]",
            "jean@exemple",
            "a b@exemple.be",
        )
    ),
    Row(("contact",), "12", ("wrong-contact",)),
    Row(("contact",), "appelez-nous", ("wrong-contact",)),
    Row(("contact",), "04 223 45 67 89 10 11 12 13", ("wrong-contact",)),
    Row(("contact",), "112", ("wrong-contact",)),  # a centre may publish it; it is nobody's own
    Row(("contact",), "0800-FOREM", ("wrong-contact",)),
    Row(("yes-or-no",), "yes", ("yes-or-no",)),
    Row(("yes-or-no",), 1, ("yes-or-no",)),
    Row(("list",), "find-job find-training", ("list-type", "tuple-type")),
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

BLANKS: dict[Kind, str] = {
    "key": " liege ",
    "code": "\u200br1",
    "language": " ar\u00a0",
    "any-language": " ar\u00a0",
    "moment": " 2026-03-02T07:50:00Z ",
    "since": "\t2026-03-02T07:50:00Z",
    "day": " 2026-03-06 ",
    "plan-day": " 2026-03-06 ",
    "past-day": " 2026-02-27 ",
    "number": " 5 ",
    "which": " today\u200b",
    "yes-or-no": " false ",
}
"""A value with blanks around it. It is the same as without, at every door that takes its kind."""

PHONES = [
    Kept("04 223 45 67 ext. 12", "04 223 45 67 ext. 12"),
    Kept("04 223 45 67 poste 12", "04 223 45 67 poste 12"),
    Kept("04\u202f223\u202f45\u202f67 Durchwahl 3", "04 223 45 67 Durchwahl 3"),
    Kept("+32\u00a04\u202f223\u00a045\u00a067", "+32 4 223 45 67"),
    Kept("0470/12.34.56", "0470/12.34.56"),
    Kept("+33 1 42 68 53 00", "+33 1 42 68 53 00"),
]
"""Numbers that each door takes, of an organisation or of a person."""
