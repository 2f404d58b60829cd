"""The right fields of a line that has faults of form: rules that need no other field are checked too."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError, create_model

from services.chassis.web.imports.faults import BadLine
from services.chassis.web.routing import Body


class WrongField(Exception):
    """A rule needs a field that is missing or wrong."""


class RightFields(Body, extra="ignore"):
    """The fields of a line that are right. Reading another one raises `WrongField`."""

    def __getattr__(self, name: str) -> Any:
        raise WrongField(name)


@dataclass(frozen=True, slots=True)
class FaultyLine:
    """A line with faults of form, and its right fields if it has a form at all."""

    faults: list[BadLine]
    right: RightFields | None = None

    @classmethod
    def of(
        cls,
        number: int,
        model: type[BaseModel],
        error: ValidationError,
        read: Callable[[type[RightFields]], RightFields],
    ) -> "FaultyLine":
        """The line that this error is about. `read`: reads its values into a model of some of its fields."""
        faults = BadLine.from_invalid(number, error)
        places = [fault["loc"] for fault in error.errors(include_url=False, include_input=False)]
        if not all(places):
            return cls(faults)  # it is no object
        wrong = frozenset(tuple(part for part in place if isinstance(part, str)) for place in places)
        try:
            return cls(faults, read(_without(model, wrong)))
        except (ValidationError, WrongField):
            return cls(faults)


Paths = frozenset[tuple[str, ...]]
"""Where faults are: names of fields, one inside the other. Those of a list are the same in each of its entries."""


@lru_cache(256)
def _without(model: type[BaseModel], wrong: Paths) -> type[RightFields]:
    """A model with the other fields of this one, and with the other fields of what is nested in it."""
    fields = dict[str, Any]()
    for name, field in model.model_fields.items():
        inside = frozenset(path[1:] for path in wrong if path[:1] == (name,))
        annotation = _right_part(field.annotation, inside) if inside else field.annotation
        if annotation is not None:
            fields[name] = (annotation, field)
    return create_model("RightFields", __base__=RightFields, **fields)


def _right_part(annotation: Any, wrong: Paths) -> Any:
    """The type without what is wrong inside; None if the whole value is wrong, or is no model and no list of them."""
    if () in wrong:
        return None
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _without(annotation, wrong)
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is list:
        entry = _right_part(parts[0], wrong)
        return list[entry] if entry is not None else None
    if origin is Annotated:
        return _right_part(parts[0], wrong)
    if origin in (Union, UnionType) and NoneType in parts and len(parts) == 2:
        (other,) = (part for part in parts if part is not NoneType)
        right = _right_part(other, wrong)
        return right | None if right is not None else None
    return None
