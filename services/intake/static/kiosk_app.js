// The kiosk: a need, a ticket, and the start again. It asks the server, and numbers the ticket itself when there is no answer.
// It leads nowhere else. Its words are in the page, in every language. Needs offline_store.js, offline_replay.js, kiosk_code.js
// and kiosk_hours.js.
(async () => {
  "use strict";
  const [REST, COUNTDOWN, PATIENCE, REFRESH, SETTLE, LOOK] = [45000, 20, 4000, 3600000, 700, 30000];
  const centre = await offline.setting("kiosk").catch(() => null);
  const app = `kiosk:${centre}`;
  const paper = await offline.setting("paper").catch(() => null);
  const turns = [...document.querySelectorAll("[data-turn]")];
  const start = turns[0].lang;
  const buttons = [...document.querySelectorAll("[data-language]")];
  const stored = () => offline.pack(app).catch(() => null);
  let pack = await stored();
  let lang = start;
  let state = "begin";
  let rests = 0;

  // Set up, and not refused since: a device that the server refuses gives no tickets.
  const usable = () => Boolean(pack?.slot && pack.key && !pack.problem && !pack.ended);
  const first = () => (usable() ? "choose" : "unprepared");
  const turn = () => turns.find((one) => one.lang === lang);
  const within = (selector) => turn().querySelector(selector);
  const say = (text) => {
    const announcer = document.getElementById("announcer");
    [announcer.lang, announcer.textContent] = [lang, text];
  };

  // Every change of what is on the screen. The second tap of a double tap does not reach what the first one brought there.
  let settling = 0;
  function show(next, focus = true) {
    state = next;
    document.body.classList.add("is-settling");
    clearTimeout(settling);
    settling = setTimeout(() => document.body.classList.remove("is-settling"), SETTLE);
    for (const one of turns) {
      one.hidden = one.lang !== lang;
      for (const screen of one.querySelectorAll("[data-screen]")) screen.hidden = screen.dataset.screen !== state;
    }
    for (const one of buttons) one.setAttribute("aria-pressed", String(one.dataset.language === lang));
    document.documentElement.lang = lang;
    showHours();
    document.title = within(`[data-screen="${state}"] h1`).textContent;
    document.body.dataset.state = state;
    if (focus) within(`[data-screen="${state}"] h1`).focus();
    scrollTo(0, 0);
  }

  // ---- The opening hours: what is known of them is shown before the ticket, and on it.
  // It gets no focus: it is announced before the choice, when it comes or changes, and with the ticket (WCAG 4.1.3).
  const hours = kioskHours(turns);
  const noted = () => within("[data-hours]:not([hidden]) span")?.textContent ?? "";
  let announced = "";
  function showHours() {
    hours.show(pack);
    const text = state === "choose" ? noted() : "";
    if (text && text !== announced) say(text);
    announced = text;
  }
  async function look() {
    if (["begin", "choose"].includes(state)) await hours.ask(centre);
    showHours();
  }

  // ---- The choice: one touch is a ticket. Who has several needs says so first, and then takes the ticket.
  let drawn = "";
  function choices() {
    drawn = JSON.stringify(pack.areas);
    for (const one of document.querySelectorAll("[data-centre]")) one.textContent = pack.centre.name;
    for (const one of turns) {
      one.querySelector("[data-areas]").replaceChildren(...pack.areas.filter((area) => area.code).map((area) => {
        const button = document.getElementById("area").content.firstElementChild.cloneNode(true);
        button.dataset.area = area.code;
        button.querySelector("span").textContent = area.label[one.lang] ?? area.label.fr;
        return button;
      }));
    }
  }

  function several(on) {
    for (const one of turns) {
      one.dataset.several = on ? "on" : "";
      for (const hint of one.querySelectorAll("[data-several-on]")) hint.hidden = on;
      for (const hint of one.querySelectorAll("[data-several-off]")) hint.hidden = !on;
      for (const area of one.querySelectorAll("[data-area]")) {
        if (on) area.setAttribute("aria-pressed", "false");
        else area.removeAttribute("aria-pressed");
      }
    }
  }

  const chosen = () => [...turn().querySelectorAll('[data-area][aria-pressed="true"]')].map((one) => one.dataset.area);

  function restart() {
    lang = start;
    several(false);
    show(first(), document.activeElement !== document.body);
    still();
    renew();
  }

  // ---- The ticket
  async function asked(checkIn) {
    if (!navigator.onLine) return null;
    const { visit_id, area, other_areas, channel, queue } = checkIn;
    try {
      const response = await fetch(`/intake/api/v1/visits/${visit_id}?qr=true`, {
        method: "PUT",
        headers: { "Content-Type": "application/json", Accept: "application/json" },
        body: JSON.stringify({ centre, area, other_areas, channel, queue }),
        signal: AbortSignal.timeout(PATIENCE),
      });
      const problem = response.headers.get("Content-Type")?.includes("json") ? await response.json() : null;
      if (response.ok && problem?.ticket) return problem;
      // Signed out, revoked, or without its rights: not a server that does not answer. What was recorded before stays, unsent.
      if ([401, 403].includes(response.status)) {
        await offline.change(app, { ended: true });
        pack = { ...pack, ended: true };
        return { ended: true };
      }
      // The person's request is wrong, not the connection or the sign-in: the team has to see to it.
      return [400, 404, 409, 422].includes(response.status) ? { refused: true } : null;
    } catch {
      return null;
    }
  }

  // One thing at a time: a touch meanwhile is the second one of a double touch.
  let busy = false;
  async function working(work) {
    if (busy) return;
    busy = true;
    document.body.classList.add("is-busy");
    try {
      await work();
    } finally {
      busy = false;
      document.body.classList.remove("is-busy");
      stir();
    }
  }

  const take = (areas) => working(() => taken(areas).catch(() => show("refused")));

  async function taken(areas) {
    const checkIn = { visit_id: crypto.randomUUID(), area: areas[0] ?? null, other_areas: areas.slice(1), channel: "kiosk", activity: null, interpreter_language: null, queue: true };
    if (!usable()) return show("unprepared");
    const answer = await asked(checkIn);
    if (answer?.ended) return show("unprepared");
    if (answer?.refused) return show("refused");
    const given = answer?.ticket ?? (await numbered(checkIn));
    if (!given) return show("refused");
    hours.keep(answer?.wait);
    await ticket(given, answer?.ticket_qr);
  }

  // ---- An appointment: the code is typed, touched, or read by a reader that types.
  const code = kioskCode({ centre, within, show, say, ticket, working });
  document.addEventListener("keydown", (event) => {
    if (state === "choose" && usable()) code.read(event);
  });

  async function numbered(checkIn) {
    pack = (await stored()) ?? pack;
    if (!usable()) return null;
    // Without a number left nothing is kept: the front desk records the arrival.
    const [kept] = await offline.keep(app, [{ ...checkIn, of: checkIn.visit_id }], true);
    return kept.ticket;
  }

  // The ticket is shown even if the code or the printer fails.
  async function ticket(number, qr) {
    within("[data-ticket]").textContent = number;
    show("ticket");
    say([within("[data-ticket]").dataset.say.replace("{ticket}", number), noted()].filter(Boolean).join(" "));
    try {
      await complete(qr);
      if (paper) print();
    } catch { /* the number is on the screen */ }
  }

  async function complete(qr) {
    const [place, picture] = [within("[data-qr]"), new Image()];
    place.hidden = !qr;
    if (qr) [picture.alt, picture.src] = [place.dataset.alt, qr];
    place.replaceChildren(...(qr ? [picture] : []));
    within("[data-with-qr]").hidden = !qr;
    within("[data-without-qr]").hidden = Boolean(qr);
    within("[data-at]").textContent = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : `${lang}-BE`, { dateStyle: "short", timeStyle: "short", timeZone: pack.centre.zone }).format(Date.now() + pack.ahead);
    if (qr) await picture.decode().catch(() => {});
  }

  // ---- Back to the start when nobody touches anything. The countdown is seen, and every touch or key stops it.
  function still() {
    rests = 0;
    for (const one of document.querySelectorAll("[data-rest]")) one.classList.remove("is-on");
  }

  function stir() {
    still();
    const begun = !["choose", "unprepared"].includes(state) || lang !== start || turn().dataset.several === "on";
    if (begun) rests = performance.now() + REST;
  }

  setInterval(() => {
    if (!rests || busy) return;
    const seconds = Math.ceil((rests - performance.now()) / 1000);
    if (seconds <= 0) return restart();
    if (seconds > COUNTDOWN) return;
    const rest = within("[data-rest]");
    const text = rest.dataset.words.replace("{seconds}", seconds);
    rest.querySelector("span").textContent = text;
    if (!rest.classList.contains("is-on")) say(text);
    rest.classList.add("is-on");
  }, 250);

  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("button");
    if (!button) return;
    if (button.dataset.language) {
      lang = button.dataset.language;
      several(false);
      show(first());
    } else if ("area" in button.dataset && turn().dataset.several === "on") {
      button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
      within("[data-take]").disabled = !chosen().length;
    } else if ("area" in button.dataset) take([button.dataset.area]);
    else if ("other" in button.dataset) take([]);
    else if ("take" in button.dataset) take(chosen());
    else if ("appointment" in button.dataset) code.enter();
    else if ("digit" in button.dataset) code.type(button.dataset.digit);
    else if ("erase" in button.dataset) code.erase();
    else if ("several" in button.dataset) {
      several(button.dataset.several === "on");
      show("choose", false);
      within("[data-take]").disabled = true;
      within("[data-area]").focus();
    } else if ("restart" in button.dataset) return restart();
    stir();
  });
  document.addEventListener("pointerdown", stir);
  document.addEventListener("keydown", stir);
  document.addEventListener("contextmenu", (event) => event.preventDefault());

  // A kiosk is open for weeks: what is new of its centre and of this page comes while nobody is there.
  let stale = false;
  function renew() {
    if (!["begin", "choose", "unprepared"].includes(state) || rests || busy) return;
    if (stale) return location.reload();
    if (usable() && JSON.stringify(pack.areas) !== drawn) [choices(), several(false), show(first(), false)];
    if (state !== first()) show(first(), false);
  }

  async function known() {
    pack = (await stored()) ?? pack;
    renew();
  }

  async function refresh() {
    if (!centre || !navigator.onLine) return;
    await replay.enrol(app, `/intake/kiosk/${centre}/device`).catch(() => null);
    await known();
    await (await navigator.serviceWorker?.getRegistration("/intake/"))?.update().catch(() => {});
  }
  navigator.serviceWorker?.addEventListener("controllerchange", () => [stale = true, renew()]);

  if (paper) document.documentElement.dataset.paper = paper;
  renew();  // from what is stored: a line that is dead does not keep the screen empty
  setInterval(refresh, REFRESH);
  setInterval(look, LOOK);
  addEventListener("online", refresh);
  refresh().then(look).catch(() => {});
  await replay.watch(() => known());
})();
