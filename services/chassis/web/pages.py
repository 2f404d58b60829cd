"""Pages: templates, language, navigation, flash messages, redirects."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import jinja2
from babel import Locale
from babel.numbers import format_decimal
from markupsafe import Markup, escape
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.chassis import i18n
from services.chassis.copies.areas import area_label
from services.chassis.identity.people import Person
from services.chassis.identity.tokens import VisitorToken
from services.chassis.refusals import msg
from services.chassis.runtime.clock import BRUSSELS
from services.chassis.service.definition import Link, Navigation
from services.chassis.web.cookies import YEAR, cookie_of, delete_cookie, set_cookie
from services.chassis.web.redirects import local_path, split
from services.chassis.web.static_files import static
from services.contracts.roles import Role

HERE = Path(__file__).parent
FLASH_SECONDS = 30
"""How long a message waits for the next page."""


class Site:
    """The templates of the process's services, and the navigation of the platform."""

    def __init__(self, folders: list[Path], navigation: Mapping[str, Navigation], *, secure: bool) -> None:
        """`navigation`: that of each service, by its name."""
        self.titles = {service: nav.title for service, nav in navigation.items()}
        """What people call each service: a msgid."""
        self.stuck_events = dead_letters_page(next(iter(navigation)))
        """Where operators start; the page has tabs for the other services."""
        links = [link for nav in navigation.values() for link in nav.links]
        self.links = [
            *(link for link in links if link.help_for is None and link.signs is None and not link.own_data),
            Link(msg("Stuck events"), self.stuck_events, (), (Role.OPERATOR,), home_of=Role.OPERATOR),
        ]
        signing = {link.signs: link.href for link in links}
        self.sign_in_page, self.sign_out_address = signing.get("in"), signing.get("out")
        """Where accounts sign in and out."""
        self.close_address = signing.get("closes")
        """Where a visitor's plan is closed."""
        self.help_pages = {link.help_for: link for link in links if link.help_for is not None}
        self.own_data = {name: link for name, nav in navigation.items() for link in nav.links if link.own_data}
        """The page of each service with what it holds about a visitor."""
        self.homes = {link.home_of: link.href for link in self.links if link.home_of is not None}
        self._scripts = [(script, service) for service, nav in navigation.items() for script in nav.scripts]
        self.secure = secure
        self.templates = _templates(HERE, *folders)

    @property
    def scripts(self) -> list[str]:
        """The URLs of the scripts with which services are on every page of a signed-in person."""
        return [static(script, service) for script, service in self._scripts]

    def home_of(self, person: Person) -> str:
        """The home page of the person's first role that has one; otherwise the first page."""
        return next((self.homes[role] for role in Role if person.has(role) and role in self.homes), "/")

    def help_of(self, person: Person | None) -> str:
        """The help page of the person's first role that has one; otherwise the list of all."""
        mine = (link.href for role, link in self.help_pages.items() if person is not None and person.has(role))
        return next(mine, "/help")


def _entry_of(path: str, entries: list[Link], stuck_events: str) -> str:
    """The address of the navigation entry that a page belongs to. The stuck events of all services are one entry."""
    if re.match("/[a-z]+/dead-letters", path):
        return stuck_events
    return max((link.href for link in entries if path.startswith(link.href)), key=len, default="")


def dead_letters_page(service: str) -> str:
    """The address of a service's dead letters."""
    return f"/{service}/dead-letters"


@cache
def _templates(*folders: Path) -> jinja2.Environment:
    """The templates in these folders, each compiled once per process."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader([folder / "templates" for folder in folders]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    extended = cast(Any, templates)
    extended.install_gettext_callables(i18n.translate, i18n.translate_number, newstyle=True)
    extended.filters.update({name: _when_rendered(shown) for name, shown in _FILTERS.items()})
    extended.globals.update(static=static, in_language=_in_language)
    return templates


def _local(value: Any) -> Any:
    return value.astimezone(BRUSSELS) if isinstance(value, datetime) else value


def _local_date(value: Any, form: i18n.Form = "long") -> str:
    return i18n.date_text(_local(value), form)


def _local_time(value: Any) -> str:
    return i18n.time_text(_local(value))


def _local_datetime(value: Any, form: i18n.Form = "medium") -> str:
    return i18n.moment_text(_local(value), form)


def _date_words(typed: object) -> str:
    """The day that was typed into a date field, in words; empty if it is none."""
    try:
        return i18n.date_text(date.fromisoformat(str(typed)), "full")
    except ValueError:
        return ""


def _number(value: int | float) -> str:
    return _written(value, i18n.locale())


@lru_cache(maxsize=4096, typed=True)
def _written(value: int | float, locale: Locale) -> str:
    """Kept for further pages: a table has hundreds of small numbers."""
    return format_decimal(value, locale=locale)


def _translated(value: Any) -> str:
    return i18n.translate(str(value))


def _bdi(text: object) -> Markup:
    """A text that people typed, in a sentence: written from right to left, it does not turn the words around it."""
    return Markup("<bdi>{}</bdi>").format(text)


_LONG_NAME = re.compile(r"(?=[^\s<>]*/)[^\s<>]{25,}")
_PARTS_END = re.compile(r"[-/]")


def _breakable(value: Any) -> Any:
    """A cell of a table: a long name of several parts, as of a machine token, breaks between them, not in a number."""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return Markup(_LONG_NAME.sub(lambda name: _PARTS_END.sub(r"\g<0><wbr>", name[0]), str(escape(value))))  # noqa: S704


def _capital(text: str) -> str:
    """With a capital first letter; the rest stays, unlike Jinja's own `capitalize`."""
    return text[:1].upper() + text[1:]


def _in_language(code: str, caller: Callable[[], str]) -> str:
    """A part of a page in another language than the page's: `{% call in_language("de") %}…{% endcall %}`."""
    token = i18n.language.set(code)
    try:
        return caller()
    finally:
        i18n.language.reset(token)


def _when_rendered(shown: Callable[..., str]) -> Callable[..., str]:
    """The filter, for Jinja to call at each rendering: it would evaluate one of a constant once, in one language."""

    @jinja2.pass_context
    def filter(_context: jinja2.runtime.Context, *arguments: Any) -> str:
        return shown(*arguments)

    return filter


_FILTERS: dict[str, Callable[..., str]] = {
    "local_date": _local_date,
    "local_time": _local_time,
    "local_datetime": _local_datetime,
    "date_words": _date_words,
    "number": _number,
    "area_label": area_label,
    "language_name": i18n.language_name,
    "translated": _translated,
    "word": i18n.word_of,
    "capital": _capital,
    "breakable": _breakable,
    "bdi": _bdi,
}


def context(request: HTTPConnection, values: Mapping[str, Any]) -> dict[str, Any]:
    """The variables of every template, and `values`."""
    site: Site = request.app.state.site
    person: Person | None = request.state.person
    token = request.state.identity.token
    opened = token if person is not None and isinstance(token, VisitorToken) else None
    path = request.url.path
    lang = request.state.lang
    entries = [link for link in site.links if link.policy.admits(person) and not (person and link.for_public)]
    shown = _entry_of(path, entries, site.stuck_events)
    base = {
        "lang": lang,
        "languages": [
            {
                "code": code,
                "label": i18n.LANGUAGE_NAMES[code],
                "href": f"{path}?{request.url.include_query_params(lang=code).query}",
                "current": code == lang,
            }
            for code in i18n.LANGUAGES
        ],
        "path": path,
        "person": person,
        "public": getattr(request.state, "public", False),
        "nav": [
            {"href": link.href, "label": i18n.translate(link.label), "current": link.href == shown} for link in entries
        ],
        "help": site.help_of(person),
        "visitor_closes": site.close_address if opened else None,
        "visitor_at": opened.centre if opened else None,
        "demo": request.app.state.settings.demo,
        "nonce": request.state.nonce,
        "flash": _flash(request),
        "scripts": site.scripts if person is not None else (),
        "live_url": None,
        "centre_name": None,
        "today": date.today,
    }
    return base | dict(values)


def fragment(request: HTTPConnection, template: str, **values: Any) -> str:
    """A rendered template, to be swapped into a page."""
    i18n.language.set(request.state.lang)
    return request.app.state.site.templates.get_template(template).render(context(request, values))


def page(request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
    """A whole page in the request's language."""
    response, settings = HTMLResponse(fragment(request, template, **values), status), request.app.state.settings
    if request.query_params.get("lang") in i18n.LANGUAGES:
        set_cookie(response, settings, "lang", request.state.lang, YEAR)
    if cookie_of(request, settings, "flash"):
        delete_cookie(response, settings, "flash")
    return response


def problem_page(request: Request, status: int, title: str, text: str) -> Response:
    """A refusal as a page."""
    return page(request, "problem.html", status=status, title=title, text=text, code=status)


def see_other(request: Request, url: str, *, done: str | None = None, error: str | None = None) -> Response:
    """Redirect to another page after a form, with a flash message."""
    response = RedirectResponse(url, 303)
    if done or error:
        kind, text = ("error", error) if error else ("done", done or "")
        sealed = request.app.state.signer.seal("flash", {"kind": kind, "text": text})
        set_cookie(response, request.app.state.settings, "flash", sealed, FLASH_SECONDS)
    return response


def see_back(request: Request, *, error: str | None = None, to_sign_in: bool = False) -> Response:
    """Redirect back to the page of the form, or to the sign-in page."""
    if to_sign_in:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/sign-in?next={quote(request.url.path + query)}", 303)
    referer = split(request.headers.get("referer", ""))
    same_host = referer.netloc == request.headers.get("host")
    back = referer._replace(scheme="", netloc="", fragment="").geturl() if same_host else ""
    return see_other(request, local_path(back) or "/", error=error)


def _flash(request: HTTPConnection) -> dict[str, str] | None:
    sealed = cookie_of(request, request.app.state.settings, "flash")
    return request.app.state.signer.unseal("flash", sealed, FLASH_SECONDS) if sealed else None
