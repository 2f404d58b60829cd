"""Every page there is, in the states that people meet: what `test_pages.py` opens and checks.

A page is named by its route as the service declares it. A page of a new route belongs in here; `NO_PAGES` says which
routes answer something else.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from playwright.async_api import Page

from tests.journeys.adult import PIN

Doing = Callable[[Page], Awaitable[None]]

FRONT_DESK, COUNSELLOR, PROVIDER = "accueil-liege", "conseil-liege", "operateur-ifapme"
KIOSK = "kiosk"
ELSEWHERE = "conseil-namur"
"""Whose centre has had no visitor yet: empty boards and lists."""
REGION, OPERATOR = "region", "exploitation"
HOURS = "/scheduling/counsellors/liege-c01"
EDITED = "/scheduling/workshops/{announced}/edit"
RULES = "/scheduling/rules/liege"
ROOM = "/scheduling/rooms/liege/{room}"
VISITOR, NEWCOMER = "visitor", "newcomer"
GUIDED = "guided"
"""A visitor with an open path and no appointment to come."""


@dataclass(frozen=True)
class Seen:
    """One page as one person sees it. `path` names what the morning made in braces; `does` leads to the state."""

    route: str
    who: str = ""
    path: str = ""
    state: str = ""
    status: int = 200
    does: Doing | None = None

    @property
    def name(self) -> str:
        """For the test's name and the screenshot's."""
        return " ".join(part for part in (self.route, self.who, self.state) if part)

    def address(self, made: dict[str, str]) -> str:
        """Where it is, with what the morning made."""
        return (self.path or self.route).format_map(made)


def sends(form: str) -> Doing:
    """Press the button of this form, whatever is filled in."""

    async def send(page: Page) -> None:
        async with page.expect_navigation():
            await page.locator(f'{form} button[type="submit"]:visible').first.click()

    return send


async def _fills_in_a_series(page: Page) -> None:
    await page.fill("#date", "2030-03-26")
    await page.fill("#time", "18:00")
    async with page.expect_navigation():
        await page.locator('button[value="fill"]').click()


async def _empties_the_title(page: Page) -> None:
    await page.fill("#title", "")
    async with page.expect_navigation():
        await page.locator('.form-actions button[value="save"]').click()


def opens(details: str) -> Doing:
    """Open what is folded away."""

    async def unfold(page: Page) -> None:
        await page.locator(f"{details} > summary").first.click()

    return unfold


async def _unfolds_all(page: Page) -> None:
    for details in await page.locator("main details.more").all():
        await details.locator("> summary").click()


async def _enters_a_calendar(page: Page) -> None:
    """A site that no resolver knows."""
    await page.fill("#enter-calendar [name=address]", "https://calendar.example.invalid/private.ics")
    await page.click("#enter-calendar button")
    await page.wait_for_selector("form[action$='/other-calendar/read']")


async def _makes_a_calendar_link(page: Page) -> None:
    await sends('form[action$="/calendar"]')(page)


async def _asks_for_an_earlier_time(page: Page) -> None:
    if not await page.locator("main .confirm").count():  # every look asks, and the first one is on the list since
        await page.locator("main form .form-actions button").click()
        await page.wait_for_selector("main .confirm")


async def _puts_the_person_on_the_list(page: Page) -> None:
    if not await page.locator("main form[action$='/earlier/leave']").count():
        await page.locator("section[aria-labelledby='earlier'] .confirm-plain > summary").click()
        await page.locator("main form[action$='/earlier'] .form-actions button").click()
        await page.wait_for_selector("main form[action$='/earlier/leave']", state="attached")
    await page.locator("section[aria-labelledby='earlier'] .confirm-plain > summary").click()


async def _chooses_a_time(page: Page) -> None:
    await page.locator('#free [name="starts_at"]').first.check()
    await sends("#free")(page)


async def _asks_for_a_track(page: Page) -> None:
    await page.locator("#add-goal > summary").click()
    await sends("#add-goal form")(page)


async def _makes_a_token(page: Page) -> None:
    await page.locator('[name="name"]').fill("Borne de Mons")
    await page.locator('[name="centres"]').first.check()
    await sends('form[action="/directory/tokens"]')(page)


async def _sends_an_old_version(page: Page) -> None:
    await page.locator('main form [name="version"]').evaluate("field => { field.value = '0' }")
    await sends("main form")(page)


async def _writes_bad_rules(page: Page) -> None:
    await page.locator("#horizon_days").fill("0")
    await sends("#rules")(page)


async def _empties_the_text_message(page: Page) -> None:
    await page.locator('[name="sms"]').fill("{x}")
    await sends("main form")(page)


async def _writes_bad_hours(page: Page) -> None:
    await page.locator("#tu").fill("9h-12h")
    await sends("main form")(page)


async def is_at_a_desk(page: Page) -> None:
    """Choose the first desk, where this browser has none yet."""
    if await page.locator(".here button").count():
        async with page.expect_navigation():
            await page.locator(".here button").first.click()


async def _calls_another_one(page: Page) -> None:
    """Whom this desk called before has not come yet: it is asked."""
    await is_at_a_desk(page)
    question = page.locator(".board-main > .confirm")
    if not await question.count():
        await page.locator("#call-next").click()
    await question.locator("> summary").click()


async def _asks_for_a_new_link(page: Page) -> None:
    await page.locator('main .confirm:has(form[action$="/link"]) > summary').click()
    await sends('form[action$="/link"]')(page)


def _searches(name: str) -> Doing:
    """Search for a person who was registered before."""

    async def search(page: Page) -> None:
        await page.locator('main details.more:has([name="name"]) > summary').click()
        await page.locator('[name="name"]').fill(name)
        await sends('form[action$="/search"]')(page)

    return search


async def _searches_elsewhere(page: Page) -> None:
    await _searches("camille@example.org")(page)
    await page.locator('[name="reason"]').evaluate("field => { field.closest('details').open = true; }")


async def _registers_a_look_alike(page: Page) -> None:
    names = {"given_name": "Prenom", "family_name": "Demonstration Vandenkerckhove"}
    for name, value in names.items():
        await page.locator(f'[name="{name}"]').fill(value)
    await page.locator('[name="purposes"]').first.check()
    await sends("main form.form")(page)
    await page.locator("#alike .confirm > summary").first.click()


async def _forgets(page: Page) -> None:
    """As a browser in which nothing was prepared."""
    await page.evaluate("async () => { await offline.clear(); }")
    await page.reload()


async def _starts_a_kiosk(page: Page) -> None:
    await page.locator("[data-line='ready']").wait_for()
    await page.goto("/intake/app/kiosk")
    await page.locator("button[data-several-on]:visible").click()
    await page.locator("[data-area]:visible").first.click()


async def _enters_a_code(page: Page) -> None:
    """As a code reader types it, while the first screen is shown."""
    await page.locator("[data-line='ready']").wait_for()
    await page.goto("/intake/app/kiosk")
    await page.locator("button[data-appointment]:visible").wait_for()
    await page.keyboard.type("0123456789")
    await page.locator("[data-code]:focus").wait_for()


async def _is_closed(page: Page) -> None:
    """The kiosk of a centre that opens tomorrow."""
    await page.locator("[data-line='ready']").wait_for()
    wait = {"closed": True, "estimate": None, "closes": None, "opens": "2099-01-05T08:00:00Z"}
    await page.route("**/wait", lambda route: route.fulfill(json=wait))
    await page.goto("/intake/app/kiosk")
    await page.locator("[data-hours]:visible").wait_for()


async def _was_answered(page: Page) -> None:
    """A check-in has another ticket in the queue, and one was refused."""
    await page.locator("[data-line='ready']").wait_for()
    await page.route("**/replay", lambda route: route.fulfill(json={"results": []}))
    await page.evaluate("""async () => {
      const app = "kiosk:liege";
      const need = {area: "find-job", other_areas: [], channel: "kiosk", queue: true};
      const one = () => ({...need, visit_id: crypto.randomUUID()});
      const kept = await offline.keep(app, [one(), one(), one()]);
      const late = {status: "refused", problem: {detail: "Trop tard."}};
      await offline.settle(kept, [{status: "known", ticket: "E-012"}, late]);
    }""")
    await page.reload()
    await page.locator("[data-answered] > li").first.wait_for()


async def _works_offline(page: Page) -> None:
    """One person waits, another is called; a check-in was refused, and a step of another one. Nothing is sent."""
    await page.route("**/replay", lambda route: route.fulfill(json={"results": []}))
    await page.evaluate("""async () => {
      let app = null;
      while (!app) {
        app = (await offline.packs()).find((pack) => pack.slot && pack.key && !pack.kiosk)?.app;
        await new Promise((go) => setTimeout(go, 100));
      }
      const details = {other_areas: ["choose-path"], needs: ["wheelchair"], interpreter_language: "uk"};
      const need = {area: "find-job", channel: "desk", queue: true, ...details};
      const one = () => ({...need, visit_id: crypto.randomUUID()});
      const [first, second, ...answered] = await offline.keep(app, [one(), one(), one(), one()]);
      await offline.step(second.seq, "call", "desk-1");
      const problem = {detail: "Trop tard."};
      await offline.settle(answered, [{status: "refused", problem}, {status: "accepted", problem}]);
    }""")
    await page.goto("/intake/app/desk")
    await page.locator("#waiting-list > li").first.wait_for()
    await page.locator("#answered-list > li").nth(1).wait_for()
    await page.locator("#arrival details > summary").click()


async def _enters_a_pin(page: Page) -> None:
    for field in await page.locator('main input[type="password"]').all():
        await field.fill(PIN)
    await sends("main form")(page)


FRONT = [
    Seen("/"),
    Seen("/", COUNSELLOR),
    Seen("/sign-in"),
    Seen("/help"),
    Seen("/plans/help/{name}", path="/plans/help/my-plan"),
    Seen("/intake/help/{name}", path="/intake/help/front-desk"),
    Seen("/sign-in/link", path="/sign-in/link?token=nothing", state="no longer valid", status=404),
    Seen("/{nowhere}", path="/nowhere", state="not found", status=404),
    Seen("/{nowhere}", FRONT_DESK, "/directory/inbox", "not allowed", 403),
]
INTAKE = [
    Seen("/intake/", "two-centres"),
    Seen("/intake/", "no-centre", state="no centre"),
    Seen("/intake/desk/{centre}", FRONT_DESK, "/intake/desk/liege"),
    Seen("/intake/desk/{centre}", FRONT_DESK, "/intake/desk/liege", "asks first", does=opens("#board .queue .confirm")),
    Seen("/intake/desk/{centre}", FRONT_DESK, "/intake/desk/liege", "no desk yet", does=opens("#board .board-ask")),
    Seen("/intake/desk/{centre}", FRONT_DESK, "/intake/desk/liege", "calls another one", does=_calls_another_one),
    Seen("/intake/desk/{centre}", FRONT_DESK, "/intake/desk/liege", "more details", does=opens("#arrival details")),
    Seen("/intake/desk/{centre}", FRONT_DESK, "/intake/desk/liege", "expected", does=opens("#expected")),
    Seen("/intake/desk/{centre}", FRONT_DESK, "/intake/desk/liege", "wall", does=opens("#wall-choice")),
    Seen("/intake/desk/{centre}/appointments", FRONT_DESK, "/intake/desk/liege/appointments"),
    Seen("/intake/desk/{centre}/appointments", "accueil-namur", "/intake/desk/namur/appointments", "empty"),
    Seen("/intake/visitors/{subject_ref}/appointments", FRONT_DESK, "/intake/visitors/{person}/appointments"),
    Seen("/intake/app/desk", state="not prepared", does=_forgets),
    Seen("/intake/app/desk", FRONT_DESK, "/intake/desk/liege", "without the server", does=_works_offline),
    Seen("/intake/app/kiosk", state="not prepared", does=_forgets),
    Seen("/intake/app/kiosk", KIOSK, "/intake/kiosk/liege", "several needs", does=_starts_a_kiosk),
    Seen("/intake/app/kiosk", KIOSK, "/intake/kiosk/liege", "a code", does=_enters_a_code),
    Seen("/intake/app/kiosk", KIOSK, "/intake/kiosk/liege", "closed", does=_is_closed),
    Seen("/intake/kiosk"),
    Seen("/intake/kiosk/{centre}", KIOSK, "/intake/kiosk/liege", "answered", does=_was_answered),
    Seen("/intake/desk/{centre}", "accueil-namur", "/intake/desk/namur", "empty"),
    Seen("/intake/desk/{centre}/people/{which}", FRONT_DESK, "/intake/desk/liege/people/waiting"),
    Seen("/intake/desk/{centre}/people/{which}", FRONT_DESK, "/intake/desk/liege/people/earlier", "earlier"),
    Seen("/intake/desk/{centre}/people/{which}", FRONT_DESK, "/intake/desk/liege/people/served", "served"),
    Seen("/intake/desk/{centre}/people/{which}", FRONT_DESK, "/intake/desk/liege/people/left", "left"),
    Seen("/intake/visits/{id}/queue", FRONT_DESK, "/intake/visits/{visit}/queue"),
    Seen("/intake/visits/{id}/ticket", FRONT_DESK, "/intake/visits/{visit}/ticket"),
    Seen("/intake/t/{secret}", path="{ticket}"),
    Seen("/intake/sessions/{id}/code", COUNSELLOR, "/intake/sessions/{session}/code"),
    Seen("/intake/mine/here/{secret}", path="{here}"),
    Seen("/intake/mine/here/{secret}", VISITOR, "{here}", "known"),
    Seen("/intake/mine/here/{secret}", path="{here}", state="in error", status=422, does=sends("main form")),
    Seen("/intake/mine/here/{secret}", path="/intake/mine/here/nothing", state="no longer valid", status=409),
    Seen("/intake/day", REGION),
    Seen("/intake/day/{centre}", FRONT_DESK, "/intake/day/liege", "busy"),
    Seen("/intake/day/{centre}", FRONT_DESK, "/intake/day/liege?day={first_day}", "day before"),
    Seen("/intake/day/{centre}", FRONT_DESK, "/intake/day/liege?day=tomorrow", "in error", 422),
    Seen("/intake/day/{centre}", REGION, "/intake/day/mons", "empty"),
    Seen("/intake/waiting-times", REGION),
    Seen("/intake/devices", REGION, state="empty"),
    Seen("/intake/message-texts", REGION),
    Seen("/intake/message-texts/{kind}/{lang}", REGION, "/intake/message-texts/appointment-booked/fr"),
    Seen(
        "/intake/message-texts/{kind}/{lang}",
        REGION,
        "/intake/message-texts/plan-tasks/de",
        "refused",
        422,
        _empties_the_text_message,
    ),
    Seen("/intake/t/{secret}", path="/intake/t/nothing", state="no longer valid", status=404),
    Seen("/intake/visits/{id}", FRONT_DESK, "/intake/visits/{visit}"),
    Seen("/intake/visits/{id}", FRONT_DESK, "/intake/visits/{visit}", "in error", 422, sends("main form.form")),
    Seen("/intake/visits/{id}", FRONT_DESK, "/intake/visits/{visit}", "person found", does=_searches("Dé")),
    Seen("/intake/visits/{id}", FRONT_DESK, "/intake/visits/{visit}", "nobody found", does=_searches("zzz")),
    Seen("/intake/visits/{id}", FRONT_DESK, "/intake/visits/{visit}", "elsewhere", does=_searches_elsewhere),
    Seen("/intake/visits/{id}", FRONT_DESK, "/intake/visits/{visit}", "similar name", 409, _registers_a_look_alike),
    Seen("/intake/visits/{id}", FRONT_DESK, "/intake/visits/{known_visit}", "known"),
    Seen(
        "/intake/visits/{id}",
        FRONT_DESK,
        "/intake/visits/{known_visit}",
        "new link",
        does=_asks_for_a_new_link,
    ),
    Seen("/intake/visits/{id}", FRONT_DESK, "/intake/visits/{nothing}", "not found", 404),
    Seen("/intake/visits/{id}/plan", FRONT_DESK, "/intake/visits/{known_visit}/plan"),
    Seen("/intake/visits/{id}/plan", FRONT_DESK, "/intake/visits/{known_visit}/plan", "opened", does=_enters_a_pin),
    Seen("/intake/l/{secret}", path="{link}", state="first opening"),
    Seen("/intake/l/{secret}", path="{link}", state="in error", status=422, does=sends("main form")),
    Seen("/intake/l/{secret}", path="{own_link}"),
    Seen("/intake/l/{secret}", path="/intake/l/nothing", state="no longer valid", status=404),
    Seen("/intake/book", path="/intake/book?time={held_time}"),
    Seen("/intake/book", path="/intake/book?time={held_time}", state="in error", status=422, does=sends("main form")),
    Seen("/intake/book/sent", path="/intake/book/sent?time={held_time}"),
    Seen("/intake/confirm/{secret}", path="/intake/confirm/{to_confirm}"),
    Seen("/intake/confirm/{secret}", path="/intake/confirm/nothing", state="no longer valid", status=404),
    Seen("/intake/stop/{secret}", path="{stop}"),
    Seen("/intake/stop/{secret}", path="/intake/stop/nothing", state="no longer valid", status=404),
    Seen("/intake/mine", VISITOR),
    Seen("/intake/mine", VISITOR, state="unfolded", does=_unfolds_all),
    Seen("/intake/mine", NEWCOMER, state="empty"),
    Seen("/intake/mine/data", VISITOR),
    Seen("/intake/mine/data", NEWCOMER, state="little"),
    Seen("/scheduling/mine/data", VISITOR),
    Seen("/plans/mine/data", VISITOR, does=opens("main details.more")),
    Seen("/directory/mine/data", VISITOR),
    Seen("/intake/exports", OPERATOR),
    Seen("/intake/accesses", OPERATOR),
    Seen("/intake/people", FRONT_DESK),
    Seen("/intake/people/{subject_ref}", COUNSELLOR, "/intake/people/{person}", does=opens("main details.more")),
    Seen("/intake/people/{subject_ref}", COUNSELLOR, "/intake/people/{merged}", "merged"),
    Seen("/intake/people/{subject_ref}", FRONT_DESK, "/intake/people/{person}", "appointments"),
    Seen("/intake/people/{subject_ref}", FRONT_DESK, "/intake/people/{nothing}", "not found", 404),
    Seen("/intake/people/{subject_ref}/merge", FRONT_DESK, "/intake/people/{person}/merge"),
    Seen("/intake/people/{subject_ref}/merge/{other}", FRONT_DESK, "/intake/people/{person}/merge/{other}"),
    Seen("/intake/erasures", OPERATOR),
    Seen("/intake/erasures", REGION, "/intake/erasures?subject_ref=Ada", "in error", 422),
    Seen(
        "/intake/visitors/{subject_ref}/erase",
        REGION,
        "/intake/visitors/{person}/erase",
        does=opens("main .confirm"),
    ),
    Seen("/intake/visitors/{subject_ref}/erase", REGION, "/intake/visitors/{nothing}/erase", "of nobody here"),
    Seen("/intake/retention", FRONT_DESK, does=opens("main .confirm")),
    Seen("/intake/retention", REGION, state="without names"),
    Seen("/intake/retention", ELSEWHERE, state="empty"),
    Seen("/intake/waiting-room/{centre}", path="/intake/waiting-room/liege"),
    Seen("/intake/waiting-room/{centre}", path="/intake/waiting-room/namur", state="empty"),
    Seen(
        "/intake/waiting-room/{centre}",
        path="/intake/waiting-room/liege?languages=fr&languages=de",
        state="in two languages",
    ),
]
SCHEDULING = [
    Seen("/scheduling/to-do", COUNSELLOR),
    Seen("/scheduling/to-do", "two-centres"),
    Seen("/scheduling/to-do", ELSEWHERE, state="empty"),
    Seen("/scheduling/to-do/{part}", COUNSELLOR, "/scheduling/to-do/today"),
    Seen("/scheduling/to-do/{part}", COUNSELLOR, "/scheduling/to-do/waiting", "waiting"),
    Seen("/scheduling/to-do/{part}", COUNSELLOR, "/scheduling/to-do/open-paths", "open-paths"),
    Seen("/scheduling/to-do/{part}", ELSEWHERE, "/scheduling/to-do/offers", "empty"),
    Seen("/scheduling/", COUNSELLOR),
    Seen("/scheduling/", "two-centres"),
    Seen("/scheduling/", ELSEWHERE, state="empty"),
    Seen("/scheduling/", COUNSELLOR, state="chooses whom to take", does=opens("#taking-choice")),
    Seen("/scheduling/queue", COUNSELLOR),
    Seen("/scheduling/queue", ELSEWHERE, state="empty"),
    Seen("/scheduling/agenda", COUNSELLOR),
    Seen("/scheduling/agenda", COUNSELLOR, "/scheduling/agenda?counsellor=*", "everybody"),
    Seen("/scheduling/agenda", COUNSELLOR, "/scheduling/agenda?view=week&date={date}", "a week"),
    Seen("/scheduling/agenda", COUNSELLOR, "/scheduling/agenda?view=week&counsellor=*&date={date}", "everybody's week"),
    Seen("/scheduling/agenda", COUNSELLOR, "/scheduling/agenda?view=month&date={date}", "a month"),
    Seen("/scheduling/agenda", COUNSELLOR, "/scheduling/agenda?view=month&counsellor=*", "everybody's month"),
    Seen("/scheduling/agenda", COUNSELLOR, "/scheduling/agenda?view=week&room=liege-r2&date={date}", "a room"),
    Seen("/scheduling/agenda", ELSEWHERE, state="empty"),
    Seen("/scheduling/agenda", COUNSELLOR, "/scheduling/agenda?date={sunday}", "closed"),
    Seen("/scheduling/free-times", COUNSELLOR),
    Seen("/scheduling/free-times", FRONT_DESK, "/scheduling/free-times?minutes=120&day={date}", "two hours"),
    Seen("/scheduling/free-times", ELSEWHERE, "/scheduling/free-times?day={sunday}", "without hours"),
    Seen("/scheduling/free-times", COUNSELLOR, "/scheduling/free-times?day=2099-01-04", "too far", 422),
    Seen("/scheduling/interviews/new", COUNSELLOR),
    Seen(
        "/scheduling/interviews/new",
        COUNSELLOR,
        "/scheduling/free-times",
        "time held",
        does=sends("main .card-list form"),
    ),
    Seen("/scheduling/interviews/new", COUNSELLOR, "/scheduling/interviews/new?person={person}", "for a person"),
    Seen("/scheduling/interviews/new", COUNSELLOR, state="in error", status=422, does=sends("main form")),
    Seen("/scheduling/interviews/new", ELSEWHERE, state="empty"),
    Seen("/scheduling/interviews/{id}", COUNSELLOR, "/scheduling/interviews/{interview}"),
    Seen(
        "/scheduling/interviews/{id}",
        COUNSELLOR,
        "/scheduling/interviews/{interview}",
        "asks first",
        does=opens("main .confirm"),
    ),
    Seen("/scheduling/interviews/{id}", COUNSELLOR, "/scheduling/interviews/{held}", "held"),
    Seen("/scheduling/interviews/{id}", FRONT_DESK, "/scheduling/interviews/{interview}"),
    Seen(
        "/scheduling/interviews/{id}",
        COUNSELLOR,
        "/scheduling/interviews/{later}",
        "on the list of earlier times",
        does=_puts_the_person_on_the_list,
    ),
    Seen("/scheduling/interviews/{id}/outcome", COUNSELLOR, "/scheduling/interviews/{held}/outcome"),
    Seen("/scheduling/paths/{id}", COUNSELLOR, "/scheduling/paths/{path}"),
    Seen("/scheduling/paths/{id}", COUNSELLOR, "/scheduling/paths/{path}", "asks first", does=opens("main .confirm")),
    Seen("/scheduling/final-interviews", COUNSELLOR),
    Seen("/scheduling/final-interviews", COUNSELLOR, "/scheduling/final-interviews?counsellor=*", "everybody"),
    Seen("/scheduling/final-interviews", ELSEWHERE, state="empty"),
    Seen("/scheduling/workshops", COUNSELLOR),
    Seen("/scheduling/book"),
    Seen("/scheduling/centres/{centre}/book", path="/scheduling/centres/liege/book"),
    Seen("/scheduling/centres/{centre}/book", path="/scheduling/centres/liege/book?area=find-job", state="free times"),
    Seen("/scheduling/centres/{centre}/book", path="/scheduling/centres/namur/book", state="not online"),
    Seen("/scheduling/confirmed/{token}", path="/scheduling/confirmed/{confirmed}"),
    Seen("/scheduling/confirmed/{token}", path="/scheduling/confirmed/nothing", state="no longer valid", status=404),
    Seen("/scheduling/centres/{centre}/workshops", path="/scheduling/centres/liege/workshops"),
    Seen("/scheduling/centres/{centre}/workshops", path="/scheduling/centres/namur/workshops", state="empty"),
    Seen("/scheduling/workshops", ELSEWHERE, state="empty"),
    Seen("/scheduling/workshops/new", COUNSELLOR),
    Seen("/scheduling/workshops/new", COUNSELLOR, state="in error", status=422, does=sends("main form")),
    Seen("/scheduling/workshops/new", COUNSELLOR, "/scheduling/workshops/new?copy={announced}", "copied"),
    Seen("/scheduling/workshops/new", COUNSELLOR, state="series", does=_fills_in_a_series),
    Seen("/scheduling/workshops/{id}/edit", COUNSELLOR, "/scheduling/workshops/{announced}/edit"),
    Seen("/scheduling/workshops/{id}/edit", COUNSELLOR, EDITED, "in error", 422, _empties_the_title),
    Seen("/scheduling/workshops/{id}", COUNSELLOR, "/scheduling/workshops/{workshop}"),
    Seen("/scheduling/workshops/{id}", COUNSELLOR, "/scheduling/workshops/{announced}", "empty"),
    Seen("/scheduling/counsellors", REGION),
    Seen("/scheduling/counsellors/{code}", COUNSELLOR, HOURS, does=opens("main .confirm")),
    Seen("/scheduling/counsellors/{code}", COUNSELLOR, HOURS, "hours in error", 422, sends("#add-hours")),
    Seen("/scheduling/counsellors/{code}", COUNSELLOR, f"{HOURS}?centre=liege&row=1", "hours that change"),
    Seen("/scheduling/counsellors/{code}", COUNSELLOR, HOURS, "a different week in error", 422, sends("#change-days")),
    Seen("/scheduling/counsellors/{code}", COUNSELLOR, HOURS, "absence in error", 422, sends("#add-absence")),
    Seen("/scheduling/counsellors/{code}", COUNSELLOR, HOURS, "other calendar in error", 422, sends("#enter-calendar")),
    Seen("/scheduling/counsellors/{code}", COUNSELLOR, HOURS, "another calendar", does=_enters_a_calendar),
    Seen("/scheduling/counsellors/{code}", ELSEWHERE, "/scheduling/counsellors/namur-c01", "empty"),
    Seen("/scheduling/counsellors/{code}", COUNSELLOR, HOURS, "a calendar link", does=_makes_a_calendar_link),
    Seen("/scheduling/rules", REGION),
    Seen("/scheduling/rules/{centre}", REGION, RULES),
    Seen("/scheduling/rules/{centre}", REGION, RULES, "in error", 422, _writes_bad_rules),
    Seen("/scheduling/demand", REGION),
    Seen("/scheduling/demand/{centre}", COUNSELLOR, "/scheduling/demand/liege"),
    Seen("/scheduling/demand/{centre}", REGION, "/scheduling/demand/mons", "empty"),
    Seen("/scheduling/rooms", REGION),
    Seen("/scheduling/rooms/{centre}", REGION, "/scheduling/rooms/liege", does=opens("main .confirm")),
    Seen("/scheduling/rooms/{centre}", REGION, "/scheduling/rooms/liege", "in error", 422, sends("#add-room")),
    Seen("/scheduling/rooms/{centre}", REGION, "/scheduling/rooms/namur", "empty"),
    Seen("/scheduling/rooms/{centre}/{id}", REGION, ROOM),
    Seen("/scheduling/rooms/{centre}/{id}", REGION, ROOM, "old", 422, _sends_an_old_version),
    Seen("/scheduling/mine", VISITOR),
    Seen("/scheduling/mine", VISITOR, state="unfolded", does=_unfolds_all),
    Seen("/scheduling/mine", NEWCOMER, state="empty"),
    Seen("/scheduling/mine", GUIDED, state="may book"),
    Seen("/scheduling/mine/book", GUIDED),
    Seen("/scheduling/mine/book", GUIDED, "/scheduling/mine/book?half=afternoon&day={sunday}", "from a day on"),
    Seen("/scheduling/mine/book", VISITOR, state="booked already"),
    Seen("/scheduling/mine/book/{id}", GUIDED, "/scheduling/mine/book", does=_chooses_a_time),
    Seen("/scheduling/mine/book", NEWCOMER, state="empty"),
    Seen("/scheduling/mine/interviews/{id}", VISITOR, "/scheduling/mine/interviews/{later}"),
    Seen(
        "/scheduling/mine/interviews/{id}",
        VISITOR,
        "/scheduling/mine/interviews/{later}",
        "asks first",
        does=opens("main .confirm"),
    ),
    Seen("/scheduling/mine/interviews/{id}", VISITOR, "/scheduling/mine/interviews/{interview}", "too late"),
    Seen("/scheduling/mine/interviews/{id}/earlier", VISITOR, "/scheduling/mine/interviews/{later}/earlier"),
    Seen(
        "/scheduling/mine/interviews/{id}/earlier",
        VISITOR,
        "/scheduling/mine/interviews/{later}/earlier",
        "on the list",
        does=_asks_for_an_earlier_time,
    ),
    Seen(
        "/scheduling/mine/interviews/{id}/earlier",
        VISITOR,
        "/scheduling/mine/interviews/{interview}/earlier",
        "too late",
    ),
    Seen("/scheduling/mine/seats/{id}", VISITOR, "/scheduling/mine/seats/{seat}", does=opens("main .confirm")),
]
PLANS = [
    Seen("/plans/", COUNSELLOR),
    Seen("/plans/", COUNSELLOR, "/plans/?stage=confirmed", "empty"),
    Seen("/plans/", COUNSELLOR, "/plans/?stage=stopped", "none stopped"),
    Seen("/plans/", COUNSELLOR, "/plans/?stage=ready", "ready"),
    Seen("/plans/{id}", COUNSELLOR, "/plans/{whole}", "can be confirmed"),
    Seen("/plans/{id}", COUNSELLOR, "/plans/{whole}", "asks first", does=opens("#confirm .confirm")),
    Seen("/plans/mine", NEWCOMER, state="empty"),
    Seen("/plans/{id}", COUNSELLOR, "/plans/{plan}"),
    Seen("/plans/{id}", VISITOR, "/plans/{plan}"),
    Seen("/plans/{id}", VISITOR, "/plans/{plan}", "in error", 422, _asks_for_a_track),
    Seen("/plans/{id}/print", VISITOR, "/plans/{plan}/print"),
    Seen("/plans/{id}/print", COUNSELLOR, "/plans/{whole}/print"),
    Seen("/plans/{id}/log", VISITOR, "/plans/{plan}/log"),
    Seen("/plans/{id}", VISITOR, "/plans/{nothing}", "not found", 404),
    Seen("/plans/{id}/assessment/{dimension}", VISITOR, "/plans/{plan}/assessment/skills"),
    Seen("/plans/{id}/assessment/{dimension}", COUNSELLOR, "/plans/{plan}/assessment/information"),
    Seen(
        "/plans/{id}/assessment/{dimension}",
        VISITOR,
        "/plans/{plan}/assessment/values",
        "changed meanwhile",
        422,
        _sends_an_old_version,
    ),
    Seen("/plans/{id}/information-steps/{step_id}", VISITOR, "/plans/{plan}/information-steps/{step}"),
    Seen("/plans/{id}/tracks/{track_id}/actions", COUNSELLOR, "/plans/{plan}/tracks/{track}/actions"),
    Seen("/plans/{id}/tracks/{track_id}/actions", VISITOR, "/plans/{plan}/tracks/{track}/actions"),
    Seen(
        "/plans/{id}/tracks/{track_id}/actions",
        COUNSELLOR,
        "/plans/{plan}/tracks/{track}/actions",
        "in error",
        422,
        sends("main form"),
    ),
]
DIRECTORY = [
    Seen("/directory/"),
    Seen("/directory/", path="/directory/?q=formation&why=1", state="why this order"),
    Seen("/directory/", path="/directory/?q=xyzzyx", state="nothing found"),
    Seen("/directory/", path="/directory/?area=gardening", state="in error", status=422),
    Seen("/directory/centres"),
    Seen("/directory/centres/{code}", path="/directory/centres/liege"),
    Seen("/directory/centres/{code}/edit", REGION, "/directory/centres/liege/edit"),
    Seen("/directory/centres/{code}/edit", REGION, "/directory/centres/liege/edit", "old", 422, _sends_an_old_version),
    Seen("/directory/centres/{code}/hours", REGION, "/directory/centres/liege/hours"),
    Seen("/directory/centres/{code}/hours", REGION, "/directory/centres/liege/hours", "wrong", 422, _writes_bad_hours),
    Seen("/directory/sign-in", path="/directory/sign-in?next=/directory/inbox"),
    Seen("/directory/services/{id}", path="/directory/services/{service}"),
    Seen("/directory/services/{id}", COUNSELLOR, "/directory/services/{service}"),
    Seen("/directory/organizations/{id}", path="/directory/organizations/{organization}"),
    Seen("/directory/referrals", COUNSELLOR),
    Seen("/directory/referrals", ELSEWHERE, state="empty"),
    Seen("/directory/referrals", "two-centres"),
    Seen("/directory/referrals/stages/{stage}", COUNSELLOR, "/directory/referrals/stages/unanswered?centre=liege"),
    Seen("/directory/referrals/unassigned", COUNSELLOR, "/directory/referrals/unassigned?centre=liege"),
    Seen("/directory/referrals/new", COUNSELLOR, "/directory/referrals/new?service_id={service}"),
    Seen(
        "/directory/referrals/new",
        COUNSELLOR,
        "/directory/referrals/new?service_id={service}",
        "in error",
        422,
        sends("main form"),
    ),
    Seen("/directory/referrals/{id}", COUNSELLOR, "/directory/referrals/{referral}"),
    Seen("/directory/referrals/{id}", PROVIDER, "/directory/referrals/{unanswered}", does=opens("main .confirm")),
    Seen("/directory/undirected/{id}", COUNSELLOR, "/directory/undirected/{undirected}"),
    Seen("/directory/inbox", PROVIDER),
    Seen("/directory/inbox", "new-provider", state="empty"),
    Seen("/directory/inbox/stages/{stage}", PROVIDER, "/directory/inbox/stages/unanswered"),
    Seen("/directory/sign-in/email"),
    Seen("/directory/sign-in/email", state="in error", status=422, does=sends("main form")),
    Seen("/directory/sign-in/sent"),
    Seen("/directory/sign-in/device"),
    Seen("/directory/sign-in/device", state="in error", status=422, does=sends("main form")),
    Seen("/directory/sign-in/link", path="/directory/sign-in/link?token=nothing", state="no longer valid", status=404),
    Seen("/directory/entry/people", PROVIDER),
    Seen("/directory/entry/people", PROVIDER, state="asks first", does=opens("main .confirm")),
    Seen("/directory/entry/people", PROVIDER, state="in error", status=422, does=sends("main form[novalidate]")),
    Seen("/directory/organizations/{id}/people", "region", "/directory/organizations/{other_organization}/people"),
    Seen("/directory/entry", PROVIDER),
    Seen("/directory/entry/{id}", PROVIDER, "/directory/entry/{service}"),
    Seen("/directory/referral-events", "cite-charleroi"),
    Seen("/directory/mine", VISITOR),
    Seen("/directory/mine", NEWCOMER, state="empty"),
    Seen("/directory/accounts", REGION),
    Seen("/directory/accounts", REGION, "/directory/accounts?q=xyzzyx", "nothing found"),
    Seen("/directory/accounts/{id}", REGION, "/directory/accounts/{pending}", "to approve"),
    Seen(
        "/directory/accounts/{id}",
        REGION,
        "/directory/accounts/{pending}",
        "in error",
        422,
        sends('form[action$="/approve"]'),
    ),
    Seen("/directory/accounts/{id}", REGION, "/directory/accounts/{member}", does=opens("main .confirm")),
    Seen("/directory/accounts/{id}", "local-manager", "/directory/accounts/{beyond}", "beyond their rights"),
    Seen("/directory/tokens", REGION),
    Seen("/directory/tokens", REGION, state="in error", status=422, does=sends('form[action="/directory/tokens"]')),
    Seen("/directory/tokens", REGION, state="new", does=_makes_a_token),
    Seen("/directory/tokens", "local-manager", state="empty"),
]
IMPACT = [
    Seen("/impact/"),
    Seen("/impact/", path="/impact/?from=2001-01&to=2001-12", state="empty"),
    Seen("/impact/", path="/impact/?from=2001-01-01", state="in error", status=422),
    Seen("/impact/exact", REGION),
    Seen("/impact/exact", REGION, "/impact/exact?from=2001-01-01&to=2001-12-31", "empty"),
    Seen("/impact/exact", REGION, "/impact/exact?from=yesterday", "in error", 422),
    Seen("/impact/exact/log", REGION),
]
OPERATIONS = [
    Seen("/intake/dead-letters", "exploitation"),
    Seen("/intake/dead-letters/{id}", "exploitation", "/intake/dead-letters/{letter}"),
    Seen("/intake/dead-letters/{id}", "exploitation", "/intake/dead-letters/{nothing}", "not found", 404),
    *(
        Seen(f"/{service}/dead-letters", "exploitation", state="empty")
        for service in ("scheduling", "plans", "directory", "impact")
    ),
    Seen("/intake/mail", "exploitation", does=opens("main .more")),
    Seen("/directory/mail", "exploitation", does=opens("main .more")),
    Seen("/directory/asyncapi"),
    Seen("/directory/asyncapi", state="a type", does=opens("main .card .more")),
]
PAGES = [*FRONT, *INTAKE, *SCHEDULING, *PLANS, *DIRECTORY, *IMPACT, *OPERATIONS]

SAME_EVERYWHERE = {
    **{
        f"/{service}/exports": "the chassis' page; intake's is looked at"
        for service in ("scheduling", "plans", "directory")
    },
    **{
        f"/{service}/dead-letters/{{id}}": "the chassis' page; intake's is looked at"
        for service in ("scheduling", "plans", "directory", "impact")
    },
    **{
        f"/{service}/asyncapi": "the chassis' page; directory's is looked at"
        for service in ("intake", "scheduling", "plans", "impact")
    },
    **{
        f"/{service}/help/{{name}}": "the chassis' page; those of plans and intake are looked at"
        for service in ("scheduling", "directory", "impact")
    },
}
NO_PAGES = {
    **SAME_EVERYWHERE,
    **{
        f"/{service}/mine/data.json": "for programs: the person's data"
        for service in ("intake", "scheduling", "plans", "directory")
    },
    **{
        f"/{service}/mine/part": "a part of the visitor's home page" for service in ("scheduling", "plans", "directory")
    },
    **{
        f"/{service}/health/ready": "for programs: whether the service's parts answer"
        for service in ("intake", "scheduling", "plans", "directory", "impact")
    },
    **{
        f"/{service}/dead-letters/count": "a number, for the page of dead letters"
        for service in ("intake", "scheduling", "plans", "directory", "impact")
    },
    **{
        f"/{service}/help/pictures/{{picture}}": "a picture of a help page"
        for service in ("intake", "scheduling", "plans", "directory", "impact")
    },
    "/scheduling/ics/{secret}": "a calendar, for programs",
    "/directory/centres/{code}/phone": "a part of a visitor's own pages",
    "/intake/worker.js": "a script, for the browser",
    "/intake/manifest.webmanifest": "for the browser: what it installs",
    "/intake/desk/{centre}/appointments/stream": "a stream of the page's board",
    "/intake/desk/{centre}/stream": "a stream of the page's board",
    "/intake/waiting-room/{centre}/stream": "a stream of the page's board",
    "/intake/t/{secret}/stream": "a stream of the page's board",
    "/intake/sessions/{id}/code/part": "a part of the page that shows the code",
    "/scheduling/to-do/stream": "a stream of the page's board",
    "/scheduling/board/stream": "a stream of the page's board",
    "/scheduling/agenda/stream": "a stream of the page's board",
    "/plans/{id}/live": "a stream of the page's board",
    "/directory/sign-in/oidc/{issuer}": "leads to the provider; tests/directory/oidc has it in a browser",
    "/directory/sign-in/oidc/{issuer}/callback": "the provider leads back to it; the same",
    "/directory/inbox/stream": "a stream of the page's board",
    "/directory/referrals/stream": "a stream of the page's board",
    "/directory/referral-events/stream": "a stream of the page's board",
    "/scheduling/fragments/people/{subject_ref}": "a part of intake's page of a person",
    "/plans/fragments/people/{subject_ref}": "the same",
    "/directory/fragments/people/{subject_ref}": "the same",
    "/plans/fragments/ready": "a part of scheduling's page of what is to be done",
    "/plans/fragments/paths/{path_id}": "a part of scheduling's page of a path",
    "/intake/fragments/visitors/{subject_ref}": "a name, for a page of another service",
    "/intake/fragments/visitors/{subject_ref}/reach": "a note for a page of another service",
    "/health/live": "for machines",
    "/health/ready": "for machines",
    "/contracts/{name}.json": "for machines",
}
