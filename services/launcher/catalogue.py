"""The five services, by name."""

from importlib import import_module
from importlib.util import find_spec

from services.chassis.service import Service

SERVICES: dict[str, Service] = {
    name: import_module(f"services.{name}.app").SERVICE
    for name in ("intake", "scheduling", "plans", "directory", "impact")
    if find_spec(f"services.{name}.app")
}
