"""Canaries: a text that nobody else uses, typed into every field about a person, and searched for in files."""

import base64
import hashlib
import os
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.chassis.service.personal_data import Held, Shown
from services.launcher.catalogue import SERVICES
from tests.architecture.test_personal_data import shapes_of

CANARY = "kanarie7f3a"
"""In every text."""
_ALGORITHMS = ("sha256", "sha1", "md5", "blake2b")


@dataclass
class Canaries:
    """The texts that were typed, by what they are; and secrets that may be kept nowhere in these forms."""

    typed: dict[str, str] = field(default_factory=dict[str, str])

    def __call__(self, what: str) -> str:
        """The text for this field: one of its own, so that a hit names it."""
        return self.typed.setdefault(what, f"{CANARY} {what}")

    def needles(self) -> dict[bytes, str]:
        """What is searched for, and what it would be: the texts plain, in base64 and in hexadecimal, their digests."""
        found = {form: f"{CANARY}, {name}" for name, form in _plain(CANARY)}
        for what, text in self.typed.items():
            found |= {form: f"{what}, {name}" for name, form in _plain(text)}
            found |= {form: f"{what}, {name}" for name, form in _hashed(text)}
        return found


def _plain(text: str) -> Iterator[tuple[str, bytes]]:
    for variant in (text, text.upper(), text.capitalize()):
        yield "plain", variant.encode()
    yield "UTF-16", text.encode("utf-16-le")
    yield "hexadecimal", text.encode().hex().encode()
    for shift in range(3):  # where the text begins within three bytes
        encoded = base64.b64encode(b"\0" * shift + text.encode())
        inner = encoded[(0, 2, 3)[shift] : len(encoded) // 4 * 4 - 4]
        yield "base64", inner
        yield "base64", inner.translate(bytes.maketrans(b"+/", b"-_"))


def _hashed(text: str) -> Iterator[tuple[str, bytes]]:
    for variant in {text, text.casefold(), text.upper()}:
        for algorithm in _ALGORITHMS:
            digest = hashlib.new(algorithm, variant.encode()).digest()
            yield algorithm, digest.hex().encode()
            yield f"{algorithm} in base64", base64.b64encode(digest)[:20]
            # A pattern of grep has no line break; eight bytes without one are enough.
            yield f"{algorithm}, bytes", max(digest.replace(b"\0", b"\n").split(b"\n"), key=len)[:12]


def hits(needles: dict[bytes, str], places: Iterable[Path], scratch: Path) -> set[str]:
    """Which needle is in which file below these places: `file: what, form`."""
    patterns = scratch / "needles"
    patterns.write_bytes(b"\n".join(sorted(needles)) + b"\n")
    found = subprocess.run(
        ["grep", "-raoHFZ", "--devices=skip", "-f", patterns, "--", *places],
        env={**os.environ, "LC_ALL": "C"},
        capture_output=True,
        check=False,
    )
    assert found.returncode in (0, 1) or b"No such file" in found.stderr, found.stderr  # some come and go
    lines = {line for line in found.stdout.split(b"\n") if line}
    return {f"{os.fsdecode(path)}: {needles[match]}" for path, match in (line.split(b"\0", 1) for line in lines)}


def text_fields() -> dict[str, set[str]]:
    """The fields of what is held about a person in which a text stands as it was typed: by service, `Shape.field`."""
    return {
        name: {
            f"{shape.__name__}.{field}" for shape in shapes_of(service.personal_data.shape) for field in _texts(shape)
        }
        for name in SERVICES
        if (service := SERVICES[name]).personal_data is not None
    }


def _texts(shape: type[Held]) -> Iterator[str]:
    for name, info in shape.model_fields.items():
        codes = any(isinstance(one, Shown) and one.words for one in info.metadata)
        annotation: Any = info.annotation
        if not codes and annotation in (str, str | None):
            yield name


def values(held: Held | None) -> Iterator[tuple[str, Any]]:
    """Every value of what is held, with `Shape.field`."""
    if held is None:
        return
    for name in type(held).model_fields:
        value: Any = getattr(held, name)
        yield f"{type(held).__name__}.{name}", value
        for part in value if isinstance(value, list) else ():  # pyright: ignore[reportUnknownVariableType]
            if isinstance(part, Held):
                yield from values(part)
