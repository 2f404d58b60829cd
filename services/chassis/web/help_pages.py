"""The help pages of a service: how a role does its daily tasks, with pictures.

A page is a template `<service>/help/<name>.html`, and a link in the service's navigation says for whom it is. It names
what stands on a page by the same message as the page. Its pictures are in the service's folder `help`, one for each
language: `python -m tests.browser.pictures` takes them.
"""

from typing import Annotated

from fastapi import Request
from starlette.responses import FileResponse, Response

from services.chassis.identity.people import Person
from services.chassis.refusals import NotFound, msg
from services.chassis.web.pages import page
from services.chassis.web.routing import Router, Running, anyone
from services.contracts.values import Shape

Name = Annotated[str, Shape("code", r"^[a-z][a-z-]*$")]
Picture = Annotated[str, Shape("code", r"^[a-z][a-z-]*\.(fr|de|nl|en)\.png$")]
Anyone = Annotated[Person | None, anyone]


def add_to(router: Router, service: str) -> None:
    """Add the help pages of this service, and their pictures."""

    @router.get("/help/{name}", include_in_schema=False)
    async def help_page(request: Request, name: Name, person: Anyone) -> Response:
        """A help page. Everyone may read it: who cannot sign in needs it most."""
        template = f"{service}/help/{name}.html"
        if template not in request.app.state.site.templates.list_templates():
            raise NotFound(what=msg("help page"))
        return page(request, template, pictures=f"/{service}/help/pictures")

    @router.get("/help/pictures/{picture}", include_in_schema=False)
    async def help_picture(picture: Picture, running: Running, person: Anyone) -> Response:
        """A picture of a help page."""
        file = running.service.folder / "help" / picture
        if not file.is_file():
            raise NotFound(what=msg("picture"))
        return FileResponse(file, headers={"Cache-Control": "public, max-age=86400"})
