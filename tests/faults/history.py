"""What was asked of the platform, and what it answered: an append-only file, read by the checker.

Each request says beforehand how its effect is to be told from every other's: the type of the event that will say that
it happened, and fields of that event which no other request shares. Requests that share them are the same wish, asked
again. Lines, as they are written::

    {"n": 7, "what": "call", "event": "cefo.intake.visit-called.v1", "match": {"desk": "desk-4f1c"}}
    {"n": 7, "answer": "ok", "status": 200}
    {"n": 8, "what": "poison", "topic": …, "partition": 0, "offset": 12, "value": …, "fate": "dead letter"}

A request without an answer line is as good as one whose answer was lost: it may or may not have happened.
"""

import json
from base64 import b64decode, b64encode
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

Headers = list[tuple[str, bytes | None]]


class Answer(StrEnum):
    """What the platform said."""

    OK = "ok"
    """It was done: from now on it must have exactly one effect, everywhere."""
    REFUSED = "refused"
    """It was not done, and never will be."""
    UNKNOWN = "unknown"
    """Nothing, or something went wrong: it was done once or not at all."""


class Fate(StrEnum):
    """What must become of a record that was put into a topic by hand."""

    EVENT = "event"
    """It is an event like any other: what it says takes effect."""
    DEAD_LETTER = "stuck event"
    """Nobody can read or handle it: every listener keeps it, with its bytes."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Something that was asked for, once or several times, with every answer that came."""

    what: str
    event: str
    match: Mapping[str, str]
    answers: Counter[Answer]

    def __str__(self) -> str:
        said = ", ".join(f"{number} × {answer}" for answer, number in sorted(self.answers.items()))
        return f"{self.what} {dict(self.match)} ({said})"


@dataclass(frozen=True, slots=True)
class Published:
    """A record that was put into a topic by hand, as the broker acknowledged it."""

    topic: str
    partition: int
    offset: int
    headers: Headers
    value: bytes | None
    fate: Fate
    gone: bool = False
    """Its broker was lost afterwards, with the topics."""
    read_again: tuple[str, ...] = ()
    """Services that were rebuilt afterwards, and so read it again; one for each time."""


class History:
    """The file. One writer; read again by `wishes` and `published`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._number = 0

    def ask(self, what: str, event: str, match: Mapping[str, str]) -> int:
        """Note that this is about to be asked; returns the number under which its answer is noted."""
        self._number += 1
        self._write({"n": self._number, "what": what, "event": event, "match": dict(match)})
        return self._number

    def answer(self, number: int, answer: Answer, status: int | None = None) -> None:
        """Note what came back."""
        self._write({"n": number, "answer": answer, "status": status})

    def publish(self, record: Published) -> None:
        """Note a record that the broker acknowledged."""
        self._number += 1
        headers = [(name, None if value is None else b64encode(value).decode()) for name, value in record.headers]
        self._write(
            {
                "n": self._number,
                "what": "record",
                "topic": record.topic,
                "partition": record.partition,
                "offset": record.offset,
                "headers": headers,
                "value": None if record.value is None else b64encode(record.value).decode(),
                "fate": record.fate,
            }
        )

    def broker_lost(self) -> None:
        """Note that the topics are gone: what was put into them by hand stands there no longer."""
        self._write({"broker": "lost"})

    def rebuilt(self, service: str) -> None:
        """Note that a service reads everything again from the beginning."""
        self._write({"rebuilt": service})

    def close(self) -> None:
        """No more is asked."""
        self._file.close()

    def wishes(self) -> list[Wish]:
        """Everything that was asked for, equal requests together, in the order in which they were first made."""
        asked: dict[int, tuple[str, str, tuple[tuple[str, str], ...]]] = {}
        answers: dict[int, Answer] = {}
        for line in self._lines():
            if "answer" in line:
                answers[line["n"]] = Answer(line["answer"])
            elif "event" in line:
                asked[line["n"]] = (line["what"], line["event"], tuple(sorted(line["match"].items())))
        grouped: dict[tuple[str, str, tuple[tuple[str, str], ...]], Counter[Answer]] = defaultdict(Counter[Answer])
        for number, wish in asked.items():
            grouped[wish][answers.get(number, Answer.UNKNOWN)] += 1
        return [Wish(what, event, dict(match), counted) for (what, event, match), counted in grouped.items()]

    def published(self) -> list[Published]:
        """Every record that was put into a topic by hand."""
        lines = self._lines()
        lost = max((number for number, line in enumerate(lines) if "broker" in line), default=0)
        rebuilt = [(number, line["rebuilt"]) for number, line in enumerate(lines) if "rebuilt" in line]
        return [
            Published(
                line["topic"],
                line["partition"],
                line["offset"],
                [(name, None if value is None else b64decode(value)) for name, value in line["headers"]],
                None if line["value"] is None else b64decode(line["value"]),
                Fate(line["fate"]),
                gone=number < lost,
                read_again=tuple(service for later, service in rebuilt if later > number),
            )
            for number, line in enumerate(lines)
            if "fate" in line
        ]

    def totals(self) -> Counter[Answer]:
        """How many requests had which answer."""
        return sum((wish.answers for wish in self.wishes()), Counter[Answer]())

    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
