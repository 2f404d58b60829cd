"""Values that come in: codes, times, days, numbers and yes or no. Each is read in one way at every door.

A refused value is explained in words with an example: `SHAPES` has them in English, and the catalogues translate them.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, ValidationInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from services.contracts.text import trimmed_if_text

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2199, 12, 31)
"""Days outside are mistakes; inside, no calculation comes to the end of the calendar."""
_FIRST, _END = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

SHAPES = {
    "centre_code": "Enter the code of a centre, for example liege.",
    "area_code": "Enter the code of a need, for example find-job.",
    "language_code": "Enter the code of a language, for example ar.",
    "code": "Use small letters, digits and hyphens, for example no-answer.",
    "staff_code": "Use small letters, digits, dots and hyphens, for example room-2.",
    "ticket": "Enter a ticket, for example S-012.",
    "local_time": "Enter a time, for example 09:15.",
    "closing_time": "Enter a time, for example 17:30. Midnight is 24:00.",
    "postal_code": "Enter a postal code, for example 4000.",
    "phone_number": "Enter a phone number, for example 04 223 45 67.",
    "delivery_status": "Enter a status of RFC 3463, for example 5.1.1.",
    "email_address": "Enter an e-mail address, for example info@centre.example.",
    "web_address": "Enter a web address, for example https://www.centre.example.",
    "moment": "Enter a date and a time with its zone, for example 2026-03-02T09:00:00+01:00.",
    "day": "Enter a date, for example 2026-03-02.",
    "outside_calendar": "Enter a date from 1900 to 2199.",
    "ages_backwards": "The highest age is below the lowest one. Change one of the two.",
    "dates_backwards": "The end is before the start. Change one of the two dates.",
    "whole_number": "Enter a whole number, for example 12.",
    "number": "Enter a number, for example 50.64.",
    "yes_or_no": "Expected: true or false.",
}
"""What is expected of each kind of value, by the rule that a refusal names."""


def refused(rule: str) -> PydanticCustomError:
    """The refusal of a value of this kind."""
    return PydanticCustomError(rule, "{expected}", {"expected": SHAPES[rule]})  # pyright: ignore[reportArgumentType]


@dataclass(frozen=True, slots=True)
class Shape:
    """Metadata of a text with a fixed form. `rule`: a key of `SHAPES`; `longest`: in characters."""

    rule: str
    pattern: str
    longest: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The pattern, with the refusal of its kind instead of one that shows the expression."""
        text = core_schema.str_schema(pattern=self.pattern, max_length=self.longest)
        shaped = core_schema.no_info_before_validator_function(trimmed_if_text, text)
        return core_schema.custom_error_schema(
            shaped, custom_error_type=self.rule, custom_error_message=SHAPES[self.rule], custom_error_context={}
        )


_OFFSET = "([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
_MOMENT = rf"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}[Tt ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}(\.[0-9]{{1,9}})?)?{_OFFSET}$"


@dataclass(frozen=True, slots=True)
class Written:
    """Metadata of a time in an event: never a number, within the calendar. Without Python code, for speed."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """A text of RFC 3339 in JSON, an aware `datetime` in Python."""
        time = core_schema.datetime_schema(tz_constraint="aware", ge=_FIRST, lt=_END)
        text = core_schema.chain_schema([core_schema.str_schema(pattern=_MOMENT), time])
        return core_schema.custom_error_schema(
            core_schema.json_or_python_schema(text, time),
            custom_error_type="moment",
            custom_error_message=SHAPES["moment"],
            custom_error_context={},
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """As for every time."""
        return handler(core_schema.datetime_schema())


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_WRITTEN = re.compile(_MOMENT, re.ASCII)


def moment_of(given: object) -> datetime:
    """A time of RFC 3339, in UTC. Raises the refusal `moment`, or `outside_calendar`."""
    if isinstance(given, str) and _WRITTEN.match(given) and not given.endswith("\n"):
        try:
            given = datetime.fromisoformat(given.upper())
        except ValueError:
            raise refused("moment") from None
    if not isinstance(given, datetime) or given.tzinfo is None:
        raise refused("moment")
    if not _FIRST.date() <= given.date() < _END.date():
        raise refused("outside_calendar")
    return given.astimezone(UTC)


def day_of(given: object) -> date:
    """A day, `2026-03-02`. Raises the refusal `day`, or `outside_calendar`."""
    if isinstance(given, str) and _DAY.fullmatch(given):
        try:
            given = date.fromisoformat(given)
        except ValueError:
            raise refused("day") from None
    if not isinstance(given, date) or isinstance(given, datetime):
        raise refused("day")
    if not FIRST_DAY <= given <= LAST_DAY:
        raise refused("outside_calendar")
    return given


def whole_number_of(given: object) -> int:
    """A whole number, or its digits. Raises the refusal `whole_number`."""
    if isinstance(given, str) and re.fullmatch(r"-?[0-9]{1,18}", given, re.ASCII):
        return int(given)
    if not isinstance(given, int) or isinstance(given, bool) or abs(given) >= 10**18:
        raise refused("whole_number")
    return given


def number_of(given: object) -> float:
    """A number of JSON, finite. Raises the refusal `number`."""
    # Neither an infinite value nor NaN is below the limit.
    if not isinstance(given, int | float) or isinstance(given, bool) or not abs(given) < 10**18:
        raise refused("number")
    return float(given)


def yes_or_no_of(given: object) -> bool:
    """True or false, or the word, or the digit in an address. Raises the refusal `yes_or_no`."""
    if isinstance(given, bool):
        return given
    if not isinstance(given, str) or given not in ("true", "1", "false", "0"):
        raise refused("yes_or_no")
    return given in ("true", "1")


@dataclass(frozen=True, slots=True)
class ReadBy:
    """Metadata of a value that a function of this module reads."""

    reads: Callable[[object], object]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The function runs first, on the trimmed text; its result is of the declared type."""
        return core_schema.no_info_before_validator_function(
            lambda given: self.reads(trimmed_if_text(given)), handler(source)
        )


@dataclass(frozen=True, slots=True)
class Whole:
    """Metadata of a whole number, of JSON or by its digits in a form, an address or a CSV file, within these limits."""

    ge: int | None = None
    le: int | None = None

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The number is read before it is compared."""
        return core_schema.no_info_before_validator_function(
            lambda given: whole_number_of(trimmed_if_text(given)), core_schema.int_schema(ge=self.ge, le=self.le)
        )


@dataclass(frozen=True, slots=True)
class Decimal:
    """Metadata of a number of JSON with decimals, within these limits."""

    ge: float
    le: float

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """The number is read before it is compared."""
        return core_schema.no_info_before_validator_function(
            number_of, core_schema.float_schema(ge=self.ge, le=self.le)
        )


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Metadata of the upper one of two fields that limit each other. `lower`: the other field, declared before it."""

    lower: str
    rule: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Both are read before they are compared."""
        return core_schema.with_info_after_validator_function(self._compared, handler(source))

    def _compared(self, given: Any, info: ValidationInfo) -> Any:
        lowest = info.data.get(self.lower)
        if given is not None and lowest is not None and given < lowest:
            raise refused(self.rule)
        return given


Moment = Annotated[datetime, ReadBy(moment_of)]
"""A time with its zone as RFC 3339 writes it, kept in UTC."""
Day = Annotated[date, ReadBy(day_of)]
"""A date, `2026-03-02`."""
Version = Annotated[int, Whole(0)]
"""How often something was changed."""
YesNo = Annotated[bool, ReadBy(yes_or_no_of)]
"""True or false: of JSON, or the word or 1 and 0 in a form, an address or a CSV file."""
