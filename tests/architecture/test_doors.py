"""Every field that comes in has a type of `services.contracts`: text, numbers, times and days are read in one way."""

import ast
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from services.chassis.i18n import LANGUAGES, add_catalogues, language, translate
from services.chassis.refusals import Invalid
from services.chassis.web.choices import words_of
from services.chassis.web.imports.partly import RightFields
from services.chassis.web.problems import rule_words
from services.contracts import EVENTS, Event
from services.contracts.text import Input, Text
from services.contracts.values import Decimal, ReadBy, Shape, Whole, Written
from services.launcher.catalogue import SERVICES
from tests.architecture.routes import ROUTES, named

MADE_BY_THE_PAGE = [
    ("accept", "decline"),
    ("activate", "deactivate"),
    ("inbox", "referral"),
    ("weeks", "counsellors", "delays", "no-shows"),
    ("yes",),
    ("yes", "no"),
]
"""Choices that the page sends by itself: nobody chooses them."""

READ_BY = {
    str: (Text, Shape),
    int: (Whole,),
    float: (Decimal,),
    bool: (ReadBy,),
    datetime: (ReadBy, Written),
    date: (ReadBy,),
}
"""The metadata of which a field of each type needs one."""


def bare(annotation: Any, metadata: Iterable[object] = ()) -> Iterator[str]:
    """The names of the types inside an annotation that are read without any of the metadata that they need."""
    if get_origin(annotation) is Annotated:
        inner, *more = get_args(annotation)
        yield from bare(inner, (*metadata, *more))
    elif get_origin(annotation) in (Union, UnionType):
        for one in get_args(annotation):
            yield from bare(one, metadata)
    elif get_origin(annotation) is not None:
        for one in get_args(annotation):
            yield from bare(one)
    elif annotation in READ_BY and not any(isinstance(one, READ_BY[annotation]) for one in metadata):
        yield annotation.__name__


def bare_fields(model: type[BaseModel], strict: Iterable[type] = ()) -> Iterator[str]:
    """The fields of a model that have a bare type. `strict`: types for which `strict=True` is enough."""
    for name, field in model.model_fields.items():
        for found in bare(field.annotation, field.metadata):
            if found not in [one.__name__ for one in strict]:
                yield f"{model.__module__}.{model.__name__}.{name}: {found}"


def test_bodies_forms_and_import_lines_have_no_bare_type() -> None:
    assert [one for model in sorted(inputs(), key=str) for one in bare_fields(model)] == []


def test_parameters_have_no_bare_type() -> None:
    assert [one for route in ROUTES for one in bare_parameters(route)] == []


def test_events_have_no_bare_text_or_time() -> None:
    models = {*EVENTS.values(), *(one for event in EVENTS.values() for one in inside(event))}
    assert [one for model in sorted(models, key=str) for one in bare_fields(model, strict=(int, bool))] == []


def inputs() -> set[type[Input]]:
    """Every input model that a service declares; not those that are made of the right fields of one, while it runs."""
    found, new = set[type[Input]](), set(Input.__subclasses__())
    while new:
        found |= new
        new = {one for model in new for one in model.__subclasses__()} - found
    return {one for one in found if one.__module__.startswith("services.") and not issubclass(one, RightFields)}


def inside(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """The models inside the fields of a model."""
    for field in model.model_fields.values():
        yield from _models(field.annotation)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for one in get_args(annotation):
        yield from _models(one)


def bare_parameters(route: APIRoute) -> Iterator[str]:
    """The parameters of a route that have a bare type; bodies and forms are models, checked above."""
    for name, field in parameters(route):
        kind: Any = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            if not issubclass(kind, Input):
                yield f"{named(route)} {name}: {kind.__name__} is no Input"
        else:
            yield from (f"{named(route)} {name}: {found}" for found in bare(kind, field.metadata))


def parameters(route: APIRoute) -> Iterator[tuple[str, FieldInfo]]:
    """The parameters of a route, of what it depends on too."""
    pending = [route.dependant]
    while pending:
        one = pending.pop()
        pending.extend(one.dependencies)
        for param in (*one.path_params, *one.query_params, *one.header_params, *one.cookie_params, *one.body_params):
            yield param.name, param.field_info


def test_every_choice_has_words_in_each_language() -> None:
    wordless: set[tuple[str, ...]] = set()
    for service in SERVICES:
        add_catalogues(SERVICES[service].folder / "locales")
    fields = [field for model in inputs() for field in model.model_fields.values()]
    fields += [field for route in ROUTES for _, field in parameters(route)]
    for codes in {codes for field in fields for codes in choices(field.annotation)}:
        found = {lang: in_language(lang, codes) for lang in LANGUAGES}
        if not all(found.values()) or found["fr"] == found["nl"]:
            wordless.add(codes)
    assert wordless == set(MADE_BY_THE_PAGE)


def in_language(lang: str, codes: tuple[str, ...]) -> list[str]:
    """The words of these codes."""
    language.set(lang)
    return words_of(codes)


def choices(annotation: Any) -> Iterator[tuple[str, ...]]:
    """The codes of each closed list inside an annotation."""
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        yield tuple(str(one) for one in annotation)
    elif get_origin(annotation) is Literal:
        yield tuple(str(one) for one in get_args(annotation))
    else:
        for one in get_args(annotation):
            yield from choices(one)


def test_a_bare_type_is_found() -> None:
    class Bad(Event):
        name: str
        many: list[str | None]
        kept: Annotated[str, Text(5)] | None = None

    assert [one.rpartition(".")[2] for one in bare_fields(Bad)] == ["name: str", "many: str"]


WRONG: tuple[Any, ...] = (None, True, 7, "", "x", "9" * 5000, [], ["x"], [[]], [{}], [{"x": 1}], {}, {"x": {}})
"""Values of JSON: each field finds most of them wrong."""


def rules_broken(model: type[Input]) -> Iterator[str]:
    """The rules that a model names for wrong values of its fields."""
    for name in model.model_fields:
        for value in WRONG:
            try:
                model.model_validate_json(json.dumps({name: value}))
            except ValidationError as error:
                yield from (one["type"] for one in error.errors())


def rules_raised() -> Iterator[str]:
    """The rules that the services raise by name."""
    for path in Path("services").rglob("*.py"):
        for call in (one for one in ast.walk(ast.parse(path.read_text())) if isinstance(one, ast.Call)):
            raises = isinstance(call.func, ast.Name) and call.func.id in ("PydanticCustomError", "PydanticKnownError")
            if raises and isinstance(call.args[0], ast.Constant):
                yield str(call.args[0].value)


def test_every_rule_of_a_field_has_words() -> None:
    rules = {rule for model in inputs() for rule in rules_broken(model)} | set(rules_raised())
    assert rules >= {"uuid_type", "not_distinct", "moment", "list_type"}
    assert {rule for rule in rules if rule_words(rule) == translate(Invalid.message)} == set()
