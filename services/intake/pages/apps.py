"""The offline desk, the kiosk, their service worker and their manifest: what there is without the server.

The two shells have no data: they are the same for everyone, and a browser keeps them. What they show is in the browser.
"""

import hashlib
import re
from typing import Annotated, Any, Literal

import orjson
from fastapi import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from services.chassis.copies.centres import centre_copies
from services.chassis.i18n import LANGUAGE_NAMES, LANGUAGES, language
from services.chassis.i18n import translate as _
from services.chassis.identity.people import Person
from services.chassis.web import Reading, Router, allow, anyone, fragment, page
from services.chassis.web.static_files import static
from services.contracts.roles import Role
from services.contracts.text import Key
from services.intake.pages.views import arrival_choices, load_centre
from services.intake.store import Centre

router = Router("/intake", pages=True)
Anyone = Annotated[Person | None, anyone]
Kiosk = Annotated[Person, allow(Role.KIOSK)]

DESK, KIOSK = "/intake/app/desk", "/intake/app/kiosk"
PAPERS = ("58", "80")
"""Widths of a ticket's paper, in millimetres."""
_REVALIDATED = {"Cache-Control": "public, no-cache"}
_STATIC = re.compile(r'"((?:/intake)?/static/[^"]+)"')


@router.get("/app/desk")
async def desk_app(request: Request, person: Anyone) -> Response:
    """The offline desk, in one language."""
    return HTMLResponse(_desk(request, request.state.lang), headers=_REVALIDATED)


@router.get("/app/kiosk")
async def kiosk_app(request: Request, person: Anyone) -> Response:
    """The kiosk, in all languages."""
    return HTMLResponse(_kiosk(request), headers=_REVALIDATED)


@router.get("/worker.js")
async def worker(request: Request, person: Anyone) -> Response:
    """The service worker: which files it keeps, and its version, which changes with any of them."""
    asked = request.state.lang
    shells = {f"{DESK}?lang={code}": _desk(request, code) for code in LANGUAGES} | {KIOSK: _kiosk(request)}
    request.state.lang = asked
    named = [address for shell in shells.values() for address in _STATIC.findall(shell)]
    files = [*shells, *dict.fromkeys(named)]
    version = hashlib.sha256("".join(shells.values()).encode()).hexdigest()[:16]
    own = orjson.dumps({"version": version, "files": files}).decode()
    scripts = ", ".join(f'"{static(name, "intake")}"' for name in ("offline_store.js", "worker.js"))
    script = f"self.shell = {own};\nimportScripts({scripts});\n"
    return Response(script, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@router.get("/manifest.webmanifest")
async def manifest(request: Request, person: Anyone, app: Literal["desk", "kiosk"] = "desk") -> Response:
    """What the browser installs: the front desk, or the kiosk."""
    made: dict[str, Any] = {
        "id": f"/intake/app/{app}",
        "name": f"cefo · {_('Front desk') if app == 'desk' else _('Kiosk')}",
        "short_name": _("Front desk") if app == "desk" else _("Kiosk"),
        "lang": request.state.lang,
        "start_url": "/intake/" if app == "desk" else KIOSK,
        "scope": "/intake/",
        "display": "standalone" if app == "desk" else "fullscreen",
        "theme_color": "#0b5a68",
        "background_color": "#f5f4f0",
        "icons": [{"src": static("mark.svg"), "sizes": "any", "type": "image/svg+xml"}],
    }
    return JSONResponse(made, media_type="application/manifest+json", headers=_REVALIDATED)


@router.get("/kiosk")
async def kiosk_start(request: Request, read: Reading, person: Anyone) -> Response:
    """Leads a kiosk's account to its centre; says to everyone else, also to a team, how to set a kiosk up."""
    may = person is not None and person.has(Role.KIOSK)
    copies = (await centre_copies(read, Centre)).values() if may else ()
    own = [centre for centre in copies if person is not None and person.works_at(centre.code)]
    if len(own) == 1:
        return RedirectResponse(f"/intake/kiosk/{own[0].code}", 303)
    return page(request, "intake/kiosk_start.html", centres=own)


@router.get("/kiosk/{centre}")
async def kiosk_setup(centre: Key, request: Request, read: Reading, person: Kiosk) -> Response:
    """Sets this browser up as a kiosk of the centre."""
    copy = await load_centre(read, person.at(centre))
    papers = [(width, _("Paper of {width} mm").format(width=width)) for width in PAPERS]
    return page(request, "intake/kiosk_setup.html", centre=copy, centre_name=copy.name, papers=papers)


def _desk(request: Request, lang: str) -> str:
    request.state.lang = lang
    language.set(lang)  # the choices are in it too
    return fragment(request, "intake/app_desk.html", form={}, errors={}, **arrival_choices())


def _kiosk(request: Request) -> str:
    """The parts in each language, around which there are no words."""
    parts: list[tuple[str, str]] = []
    for code in LANGUAGES:
        request.state.lang = code
        parts.append((code, fragment(request, "intake/app_kiosk_turn.html")))
    request.state.lang = LANGUAGES[0]
    return fragment(request, "intake/app_kiosk.html", parts=parts, names=LANGUAGE_NAMES)
