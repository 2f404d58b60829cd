"""The five services, by name. Each is imported on first access: most commands need only the names."""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.chassis.service.definition import Navigation, Service

NAMES = ("intake", "scheduling", "plans", "directory", "impact")


class _Catalogue(Mapping[str, "Service"]):
    def __getitem__(self, name: str) -> "Service":
        if name not in NAMES:
            raise KeyError(name)
        return _service(name)

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)

    def __contains__(self, name: object) -> bool:
        return name in NAMES


@cache
def _service(name: str) -> "Service":
    return import_module(f"services.{name}.app").SERVICE


SERVICES: Mapping[str, "Service"] = _Catalogue()


def navigation() -> "dict[str, Navigation]":
    """The titles and links of the services. Imports nothing else of the services."""
    return {name: import_module(f"services.{name}.nav").NAV for name in NAMES}


def folders() -> list[Path]:
    """The folders of the services and the launcher, whose templates and translations every process loads."""
    return [Path(__file__).parents[1] / name for name in (*NAMES, "launcher")]
