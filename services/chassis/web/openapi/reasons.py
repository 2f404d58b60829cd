"""Which refusals a route may raise: those that its code names, and the code that it calls.

Followed are functions and classes of ours by their names, and methods by the types of what they are called on, as far
as parameters, results and attributes of classes declare them. A refusal that is only compared with counts too: the list
may have one too many.
"""

import inspect
from collections.abc import Callable, Iterator
from functools import cache
from types import CodeType, FunctionType, ModuleType
from typing import Any, get_args

from fastapi.dependencies.models import Dependant

from services.chassis.refusals import Refused

Refusals = frozenset[type[Refused]]


def refusals_in(dependant: Dependant) -> Refusals:
    """The refusals that a route and its dependencies may raise."""
    begun = [[call] if isinstance(call, FunctionType) else _functions(call) for call in _calls(dependant)]
    found = [_refusals_of(function) for functions in begun for function in functions]
    return frozenset(refusal for refusals in found for refusal in refusals)


def _calls(dependant: Dependant) -> Iterator[Any]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from _calls(inner)


@cache
def _refusals_of(function: FunctionType) -> Refusals:
    found, waiting, seen = set[type[Refused]](), [function], set[CodeType]()
    while waiting:
        current = waiting.pop()
        if current.__code__ in seen:
            continue
        seen.add(current.__code__)
        for value in _named(current):
            if isinstance(value, type) and issubclass(value, Refused):
                found.add(value)
            else:
                waiting += _functions(value)
    return frozenset(found - {Refused})


def _named(function: FunctionType) -> Iterator[Any]:
    """What a function names: globals, variables around it, attributes of modules, methods of what it gets."""
    names = {name for code in _codes(function.__code__) for name in code.co_names}
    known = [function.__globals__[name] for name in names if name in function.__globals__]
    known += [cell.cell_contents for cell in function.__closure__ or () if _is_filled(cell)]
    annotations = list(function.__annotations__.values())
    annotations += [one.__annotations__.get("return") for one in known if isinstance(one, FunctionType)]
    owner = function.__globals__.get(function.__qualname__.partition(".")[0])
    places = [*known, owner, *(part for annotation in annotations for part in _types_in(annotation))]
    yield from known
    for place in places:
        if isinstance(place, ModuleType) or _is_ours(place if isinstance(place, type) else type(place)):
            for space in _spaces(place):
                yield from (space[name] for name in names & space.keys())
                attributes: dict[str, Any] = space.get("__annotations__", {})
                places += [part for name in names & attributes.keys() for part in _types_in(attributes[name])]


def _spaces(place: Any) -> list[dict[str, Any]]:
    """The names in a module; in a class, or that of an object, those of its bases too."""
    if isinstance(place, ModuleType):
        return [vars(place)]
    kind = place if isinstance(place, type) else type(place)
    return [dict(vars(one)) for one in kind.__mro__ if _is_ours(one)]


def _types_in(annotation: Any) -> Iterator[type]:
    if isinstance(annotation, type) and _is_ours(annotation):
        yield annotation
    for part in get_args(annotation):
        yield from _types_in(part)


def _functions(value: Any) -> list[FunctionType]:
    """The code of ours that runs when this value is used: a function, a new object, or an object that is called."""
    inner = value.fget if isinstance(value, property) else getattr(value, "__func__", value)
    function: Any = inspect.unwrap(inner) if callable(inner) else inner
    if isinstance(function, FunctionType):
        return [function] if _is_ours(function) else []
    kind: type = function if isinstance(function, type) else type(function)
    special = ("__init__", "__post_init__") if kind is function else ("__call__",)
    methods = [vars(one).get(name) for one in kind.__mro__ if _is_ours(one) for name in special]
    return [method for method in methods if isinstance(method, FunctionType)]


def _codes(code: CodeType) -> Iterator[CodeType]:
    """The code of a function, and of those inside it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _is_filled(cell: Any) -> bool:
    try:
        return cell.cell_contents is not None
    except ValueError:
        return False


def _is_ours(value: type | Callable[..., Any]) -> bool:
    return value.__module__.split(".")[0] == "services"
