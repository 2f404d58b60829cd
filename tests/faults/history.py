"""The history of requests and answers: an append-only file, read by the checker.

Each request is recorded before it is sent, with what identifies its effect: the type of the event it causes, and
fields of that event that no other request shares. Requests that share them are retries of one operation. Lines::

    {"n": 7, "what": "call", "event": "cefo.intake.visit-called.v1", "match": {"visit_id": "4f1c…"}}
    {"n": 7, "answer": "ok", "status": 200}
    {"n": 8, "what": "poison", "topic": …, "partition": 0, "offset": 12, "value": …, "outcome": "dead letter"}

A request without an answer line counts as one whose answer was lost: it may or may not have had its effect.
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
    """The platform's answer."""

    OK = "ok"
    """Granted: it must have exactly one effect, in every service."""
    REFUSED = "refused"
    """Refused: it must have no effect."""
    UNKNOWN = "unknown"
    """No answer, or an error: it has one effect or none."""


class Outcome(StrEnum):
    """The expected outcome of a record that the tests injected into a topic."""

    EVENT = "event"
    """A valid event, which takes effect."""
    DEAD_LETTER = "dead letter"
    """It cannot be processed: every consumer keeps it as a dead letter, with its bytes."""


@dataclass(frozen=True, slots=True)
class Operation:
    """An operation that was requested once or several times, with the answers."""

    what: str
    event: str
    match: Mapping[str, str]
    answers: Counter[Answer]

    def __str__(self) -> str:
        answers = ", ".join(f"{number} × {answer}" for answer, number in sorted(self.answers.items()))
        return f"{self.what} {dict(self.match)} ({answers})"


@dataclass(frozen=True, slots=True)
class Injected:
    """A record that the tests injected into a topic, as the broker acknowledged it."""

    topic: str
    partition: int
    offset: int
    headers: Headers
    value: bytes | None
    outcome: Outcome
    gone: bool = False
    """Its broker was lost afterwards, with its topics."""
    read_again: tuple[str, ...] = ()
    """Services that were rebuilt afterwards, and so read it again; once per rebuild."""


class History:
    """The file. One writer; read by `operations` and `injected`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._number = 0

    def record_request(self, what: str, event: str, match: Mapping[str, str]) -> int:
        """Record a request before it is sent. Returns the number for `record_answer`."""
        self._number += 1
        self._write({"n": self._number, "what": what, "event": event, "match": dict(match)})
        return self._number

    def record_answer(self, number: int, answer: Answer, status: int | None = None) -> None:
        """Record the answer of a request."""
        self._write({"n": number, "answer": answer, "status": status})

    def record_injected(self, record: Injected) -> None:
        """Record an injected record that the broker acknowledged."""
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
                "outcome": record.outcome,
            }
        )

    def broker_lost(self) -> None:
        """Record that the topics are lost, with all injected records."""
        self._write({"broker": "lost"})

    def rebuilt(self, service: str) -> None:
        """Record that a service is rebuilt: it reads all its topics again."""
        self._write({"rebuilt": service})

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def operations(self) -> list[Operation]:
        """All operations with the answers of their requests, in the order of their first request."""
        requests: dict[int, tuple[str, str, tuple[tuple[str, str], ...]]] = {}
        answers: dict[int, Answer] = {}
        for line in self._lines():
            if "answer" in line:
                answers[line["n"]] = Answer(line["answer"])
            elif "event" in line:
                requests[line["n"]] = (line["what"], line["event"], tuple(sorted(line["match"].items())))
        grouped: dict[tuple[str, str, tuple[tuple[str, str], ...]], Counter[Answer]] = defaultdict(Counter[Answer])
        for number, operation in requests.items():
            grouped[operation][answers.get(number, Answer.UNKNOWN)] += 1
        return [Operation(what, event, dict(match), counted) for (what, event, match), counted in grouped.items()]

    def injected(self) -> list[Injected]:
        """Every record that the tests injected."""
        lines = self._lines()
        lost = max((number for number, line in enumerate(lines) if "broker" in line), default=0)
        rebuilt = [(number, line["rebuilt"]) for number, line in enumerate(lines) if "rebuilt" in line]
        return [
            Injected(
                line["topic"],
                line["partition"],
                line["offset"],
                [(name, None if value is None else b64decode(value)) for name, value in line["headers"]],
                None if line["value"] is None else b64decode(line["value"]),
                Outcome(line["outcome"]),
                gone=number < lost,
                read_again=tuple(service for later, service in rebuilt if later > number),
            )
            for number, line in enumerate(lines)
            if "outcome" in line
        ]

    def totals(self) -> Counter[Answer]:
        """How many requests had each answer."""
        return sum((one.answers for one in self.operations()), Counter[Answer]())

    def _lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.path.read_text(encoding="utf-8").splitlines()]

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
