"""The routes of the five services and of the shared pages, as a process has them."""

from fastapi.routing import APIRoute

from services.chassis.web import operations
from services.chassis.web import platform as front
from services.chassis.web.routing import routes_in
from services.launcher.catalogue import SERVICES


def methods_of(route: APIRoute) -> list[str]:
    """GET, POST, …, in order."""
    return sorted(route.methods or ())


def named(route: APIRoute) -> str:
    """Method and path."""
    return f"{'/'.join(methods_of(route))} {route.path}"


def routes_of(name: str) -> list[APIRoute]:
    """The routes of a service, or of the `front`."""
    own = [front.router] if name == "front" else [*SERVICES[name].routers, operations.router_of(SERVICES[name])]
    return [route for router in own for route in routes_in(router.routes)]


ROUTES = [route for name in (*SERVICES, "front") for route in routes_of(name)]
