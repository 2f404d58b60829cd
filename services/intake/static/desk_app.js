// The offline desk: checks in with the same keys as the desk's page, calls what was checked in here, and shows what is not sent
// yet. Its words are in the page. Needs offline_store.js, offline_replay.js, offline_check_in.js, desk_here.js and desk_return.js.
(async () => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const form = document.querySelector("#arrival form");
  // By the address, or whose desk was open last; after a sign-out, whose check-ins are left.
  const left = (await offline.pending()).map((entry) => /^desk:(.+)$/.exec(entry.app)?.[1]).find(Boolean);
  const centre = /^\/intake\/desk\/([a-z0-9-]+)$/.exec(location.pathname)?.[1] ?? (await offline.setting("desk")) ?? left;
  const app = `desk:${centre}`;
  const { lang } = document.documentElement;
  const time = (moment) => new Intl.DateTimeFormat(lang === "en" ? "en-GB" : `${lang}-BE`, { hour: "2-digit", minute: "2-digit", timeZone: pack?.centre?.zone }).format(moment);
  let pack = await offline.pack(app);
  let unsent = 0;
  let recorded = 0; // check-ins and steps on this page

  const copy = (id) => byId(id).content.firstElementChild.cloneNode(true);
  const words = (name, values = {}) => Object.entries(values).reduce((text, [key, value]) => text.replaceAll(`{${key}}`, value), byId("words").content.querySelector(`[data-word="${name}"]`).textContent);
  const labelOf = (code) => pack?.areas?.find((area) => area.code === code)?.label[lang] ?? code ?? words("not-stated");
  const say = (text) => { byId("announcer").textContent = text; };

  function choice(template, [code, label], id, digit) {
    const one = copy(template);
    const input = one.querySelector("input");
    [input.value, input.id, one.htmlFor] = [code, id, id];
    one.querySelector("span").textContent = label;
    if (digit) [input.dataset.key, one.querySelector("kbd").textContent] = [digit, digit];
    if (code === "") input.setAttribute("checked", "");
    return one;
  }

  function choices() {
    const served = (pack.areas ?? []).filter((area) => area.code).map((area) => [area.code, labelOf(area.code)]);
    byId("areas").append(...[...served, ["", words("not-stated")]].map((area, at) => choice("choice", area, `area-${at + 1}`, String(at + 1))));
    byId("other-areas").append(...served.map((area, at) => choice("other", area, `other-${at + 1}`)));
  }

  // What else was entered, in the words of the form.
  function besides({ other_areas, interpreter_language, needs, channel, activity }) {
    const option = (name, value) => form.querySelector(`[name="${name}"] option[value="${value}"]`)?.textContent ?? value;
    const prepared = (needs ?? []).map((need) => form.querySelector(`[name="needs"][value="${need}"]`)?.closest("label").textContent.trim() ?? need);
    return [
      ...(other_areas ?? []).map(labelOf),
      ...(interpreter_language ? [words("interpreter", { language: option("interpreter_language", interpreter_language) })] : []),
      ...prepared,
      ...(channel && channel !== "desk" ? [option("channel", channel)] : []),
      ...(activity ? [option("activity", activity)] : []),
    ];
  }

  // ---- What is on the screen is what is stored. A row that stays as it is keeps its focus.
  const LISTS = { waiting: "waiting", called: "called", being_served: "served", served: "ended", left: "ended", no_queue: "ended" };

  function row(entry) {
    const one = copy(entry.answered ? "row-answered" : `row-${LISTS[entry.status]}`);
    one.id = `entry-${entry.seq}`;
    one.dataset.state = JSON.stringify([entry.status, entry.answered]);
    one.querySelector(".ticket").textContent = entry.ticket ?? "–";
    one.querySelector("[data-area]").textContent = labelOf(entry.area);
    one.querySelector("[data-time]").textContent = time(Date.parse(entry.at) + (pack?.ahead ?? 0));
    one.querySelector(".meta").append(...besides(entry).map((text) => {
      const more = copy("more");
      more.querySelector("span").textContent = text;
      return more;
    }));
    const since = one.querySelector("[data-since]");
    if (since) since.dataset.since = entry.at;
    const status = one.querySelector("[data-status]");
    if (status) status.textContent = words(entry.status);
    const reason = one.querySelector("[data-reason]");
    if (reason) reason.textContent = replay.reasonOf(entry.answered);
    for (const question of one.querySelectorAll("[data-ticketed]")) question.textContent = question.textContent.replace("{ticket}", entry.ticket ?? "–");
    for (const button of one.querySelectorAll("button[data-step], button[data-dismiss]")) {
      button.dataset.seq = entry.seq;
      button.querySelector(".visually-hidden").textContent = ` – ${entry.ticket ?? time(Date.parse(entry.at))}`;
    }
    return one;
  }

  function fill(name, entries) {
    const [list, section] = [byId(`${name}-list`), byId(`${name}-section`)];
    const kept = new Map([...list.children].map((one) => [one.id, one]));
    const rows = entries.map((entry) => {
      const old = kept.get(`entry-${entry.seq}`);
      return old?.dataset.state === JSON.stringify([entry.status, entry.answered]) ? old : row(entry);
    });
    const focused = document.activeElement?.closest?.("li")?.id;
    rows.forEach((one, at) => { if (list.children[at] !== one) list.insertBefore(one, list.children[at] ?? null); });
    while (list.children.length > rows.length) list.lastElementChild.remove();
    if (focused && !byId(focused)?.contains(document.activeElement)) (byId(focused) ?? byId("board")).focus({ preventScroll: true });
    section.querySelector(".board-count").textContent = entries.length;
    section.classList.toggle("is-empty", !entries.length);
  }

  async function render() {
    const entries = await offline.pending(app);
    const listed = (name) => entries.filter((entry) => !entry.answered && LISTS[entry.status] === name);
    fill("waiting", listed("waiting"));
    fill("called", listed("called").reverse());
    fill("served", listed("served"));
    fill("ended", listed("ended").reverse());
    fill("answered", entries.filter((entry) => entry.answered));
    byId("call-next").disabled = !listed("waiting").length;
    unsent = entries.filter((entry) => !entry.answered).length;
    byId("left").textContent = unsent;
    byId("all-sent").hidden = unsent > 0;
  }

  // ---- The result of a check-in: the ticket, large; and what the team has to see to, which is no success.
  function warn(text) {
    const one = copy("warning");
    one.querySelector("span").textContent = text;
    byId("arrival-done").append(one);
  }

  function given(kept) {
    byId("arrival-done").replaceChildren();
    const tickets = kept.map((entry) => entry.ticket).filter(Boolean);
    const [first, last] = [tickets[0], tickets.at(-1)];
    const without = kept.filter((entry) => entry.queue && !entry.ticket).length;
    if (tickets.length || !without) {
      const done = copy("done");
      const name = tickets.length > 1 ? "tickets" : first ? "ticket" : kept.length > 1 ? "no-tickets" : "no-ticket";
      done.querySelector(".ticket").textContent = tickets.length > 1 ? `${first} – ${last}` : first ?? "";
      done.querySelector("span").textContent = words(name, { ticket: first, first, last, number: kept.length });
      byId("arrival-done").append(done);
    }
    if (without) warn(words(tickets.length ? "some-no-number" : "no-number"));
  }

  // Whatever follows waits for what was pressed before: no press is lost, and each is in its order.
  let busy = Promise.resolve();
  const inTurn = (work) => (busy = busy.then(work).then(render).then(replay.tell).catch(() => {
    byId("arrival-done").replaceChildren();
    warn(words("failed"));
  }));

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    // What was chosen is read now: the form is as new for the next one at once.
    const data = new FormData(form, event.submitter);
    recorded += 1;
    inTurn(async () => given(await offline.keep(app, await checkIns.of(data, crypto.randomUUID()))));
    form.dispatchEvent(new CustomEvent("cefo-settled", { bubbles: true }));
  });

  // A field that is folded away and wrong is shown.
  form.addEventListener("invalid", ({ target }) => { target.closest("details").open = true; }, true);

  async function press(seq, name) {
    if (name === "call" && !here.desk()) return here.ask();
    const next = await offline.step(seq, name, here.desk());
    recorded += 1;
    if (next) say(words(next.status === "called" ? "called-now" : "recorded", { ticket: next.ticket ?? "" }));
  }

  document.addEventListener("click", ({ target }) => {
    const button = target.closest?.("button");
    if (!button) return;
    const { step, seq } = button.dataset;
    if (step) inTurn(() => press(Number(seq), step));
    else if ("dismiss" in button.dataset) inTurn(() => offline.dismiss(Number(seq)));
    else if ("print" in button.dataset) print();
    else if (button.id === "call-next") {
      inTurn(async () => {
        const next = (await offline.pending(app)).find((entry) => entry.status === "waiting" && !entry.answered);
        if (next) await press(next.seq, "call");
      });
    }
  });

  // What another tab or the server changed.
  async function shown(count) {
    pack = (await offline.pack(app)) ?? pack;
    byId("problem").hidden = !pack?.problem;
    byId("problem").querySelector("span").textContent = pack?.problem ?? "";
    if (count?.sent || count?.refused) {
      byId("sent").hidden = false;
      byId("sent-number").textContent = Number(byId("sent-number").textContent) + count.sent;
    }
    await render();
  }

  for (const link of document.querySelectorAll("[data-desk]")) link.href = centre ? `/intake/desk/${centre}` : "/intake/";
  const prepared = Boolean(pack?.slot && pack.key);
  byId("unprepared").hidden = prepared;
  byId("arrival").hidden = !prepared;
  if (prepared) {
    byId("centre").textContent = pack.centre.name;
    choices();
  }
  const here = await deskHere(pack);
  const id = location.hash.slice(1);
  const last = id ? (await offline.pending(app)).filter((entry) => entry.of === id) : [];
  if (last.length) given(last);
  history.replaceState(null, "", location.pathname + location.search);
  await render();
  byId("lost").hidden = (await navigator.storage?.persisted?.()) ?? false;
  if (prepared) form.querySelector("input:checked")?.focus();
  await deskReturn({
    centre, form,
    interrupted: last.length > 0 || !location.pathname.startsWith("/intake/app/"),
    // What a key that has ended keeps back is sent by the desk's page, which makes a new one.
    recorded: () => recorded,
    settled: () => busy.then(() => !unsent || Boolean(pack?.problem) || !prepared),
    send: async () => shown(await replay.now()),
  });
  await replay.watch(shown);
})();
