"""The right fields of a line that has faults of form."""

import pytest
from pydantic import ValidationError

from services.chassis.web import Body
from services.chassis.web.imports.partly import FaultyLine, WrongField
from services.contracts.text import Key


class Child(Body):
    name: Key
    age: int = 0


class Line(Body):
    centre: Key
    area: Key | None = None
    children: list[Child]


def faulty(text: str) -> FaultyLine:
    with pytest.raises(ValidationError) as refused:
        Line.model_validate_json(text)
    return FaultyLine.of(3, Line, refused.value, lambda some: some.model_validate_json(text))


def test_what_is_right_is_read_and_what_is_wrong_missing_or_unknown_is_not() -> None:
    line = faulty('{"centre": "liege", "area": 4, "children": [{"name": "a"}, {"age": 7}], "notes": "x"}')
    assert {bad.field for bad in line.faults} == {"area", "children.1.name", "notes"}
    assert line.right is not None
    assert line.right.centre == "liege"
    assert [child.age for child in line.right.children] == [0, 7]
    for where, wrong in ((line.right, "area"), (line.right, "notes"), (line.right.children[0], "name")):
        with pytest.raises(WrongField):
            getattr(where, wrong)


@pytest.mark.parametrize("text", ["[]", "soon", "{"])
def test_what_is_no_object_has_no_right_field(text: str) -> None:
    assert faulty(text).right is None
