"""docs/security.md names tests that exist, and a proof for every requirement that it says holds."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PAGE = (ROOT / "docs/security.md").read_text()
PROOF = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
ROW = re.compile(r"^\| (\d+) \| (.+?) \| (.+?) \| ?(.*?) ?\|$", re.MULTILINE)
LATER = {15}
"""They come with webhooks."""


@cache
def functions_of(file: str) -> frozenset[str]:
    """The names of the functions of a test module. Raises `FileNotFoundError`."""
    tree = ast.parse((ROOT / file).read_text())
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


@pytest.mark.parametrize(("file", "name"), sorted(set(PROOF.findall(PAGE))))
def test_a_proof_is_a_test(file: str, name: str) -> None:
    assert name.startswith("test_")
    assert name in functions_of(file)


def test_every_requirement_holds_or_says_when_it_will() -> None:
    rows = {int(number): (state, proof) for number, _what, state, proof in ROW.findall(PAGE)}
    assert rows.keys() == set(range(1, 21))
    assert {number for number, (state, _proof) in rows.items() if state != "holds"} == LATER
    assert all(PROOF.search(proof) for number, (_state, proof) in rows.items() if number not in LATER)
