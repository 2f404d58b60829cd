// An interview of a calendar is moved or made longer, by mouse, touch and keyboard (calendar_grid.js has where its rows are).
// Saving sends the form of the interview's page, so that its rules and refusals are the same. Without this file every entry and
// every free place is a link.
(() => {
  "use strict";
  const bar = document.getElementById("calendar-move");
  if (!bar) return;
  const [form, what, answered, informs] = ["form", "[data-what]", "[data-answer]", ".calendar-informs"].map((part) => bar.querySelector(part));
  const words = bar.dataset;
  const { times, columns, placesOf, number, laidOut, put, rowAt, whenWords } = window.cefoCalendar;
  const FAR = 6, LONG_PRESS = 350; // pixels, ms

  const say = (text) => { document.getElementById("announcer").textContent = text; };

  // ---- What is being moved: the entry, where it was, and where it is now (column, first row, minutes).
  let moving = null;
  let sending = false;

  function begin(entry) {
    if (moving || sending || !laidOut() || !entry?.dataset.move) return false;
    close();
    const column = entry.closest(".calendar-column");
    const at = { column: columns().indexOf(column), row: number(entry, "from"), minutes: Number(entry.dataset.minutes) };
    moving = { id: entry.id, entry, was: { ...at }, at, classes: entry.className, parent: entry.parentElement, next: entry.nextSibling };
    entry.classList.add("is-moving");
    return true;
  }

  const isMoved = () => ["column", "row", "minutes"].some((one) => moving.at[one] !== moving.was[one]);

  function place() {
    const { entry, at } = moving;
    const column = columns()[at.column];
    if (entry.parentElement !== placesOf(column)) placesOf(column).append(entry);
    put(entry, "from", at.row);
    put(entry, "for", at.minutes / 15);
    put(entry, "lane", "");
    entry.dataset.to = whenWords(fields());
  }

  function go(columnsOn, rowsOn) {
    const { at } = moving;
    at.column = Math.min(Math.max(at.column + columnsOn, 0), columns().length - 1);
    at.row = Math.min(Math.max(at.row + rowsOn, 1), times().length);
  }

  function stretch(longer) {
    const lengths = words.lengths.split(" ").map(Number);
    moving.at.minutes = (longer ? lengths.find((one) => one > moving.at.minutes) : lengths.findLast((one) => one < moving.at.minutes)) ?? moving.at.minutes;
  }

  function putBack() {
    const { entry, classes, parent, next } = moving;
    entry.className = classes;
    delete entry.dataset.to;
    if (parent.isConnected) parent.insertBefore(entry, next?.isConnected ? next : null);
    const link = entry.querySelector("a");
    moving = null;
    return link;
  }

  // The fields of the move form: as the entry has them, with the time and the counsellor of its new place.
  function fields() {
    const { entry, at } = moving;
    const { version, room, mode, interpreter } = entry.dataset;
    const column = columns()[at.column];
    const counsellor = column.dataset.counsellor || entry.dataset.counsellor;
    return { version, room, mode, interpreter_language: interpreter, counsellor, date: column.dataset.date, time: times()[at.row - 1], minutes: at.minutes };
  }

  function before({ version, room, mode, interpreter, counsellor, date, time, minutes }) {
    return { version, room, mode, interpreter_language: interpreter, counsellor, date, time, minutes };
  }

  // ---- The bar: asks before saving, shows a refusal, offers to move back.
  function close() {
    bar.hidden = true;
    bar.dataset.shows = "";
    form.replaceChildren();
    answered.replaceChildren();
  }

  function button(text, kind, press) {
    const made = Object.assign(document.createElement("button"), { type: press ? "button" : "submit", textContent: text, className: kind });
    if (press) made.addEventListener("click", press);
    return made;
  }

  function fill(action, values, ...buttons) {
    form.action = action;
    form.replaceChildren(
      ...Object.entries(values).map(([name, value]) => Object.assign(document.createElement("input"), { type: "hidden", name, value: value ?? "" })),
      ...buttons,
    );
  }

  function ask() {
    const [wanted, was] = [fields(), before(moving.entry.dataset)];
    answered.replaceChildren();
    informs.hidden = ["date", "time", "minutes"].every((one) => String(wanted[one]) === was[one]); // another counsellor alone is no message
    what.textContent = words.asks.replace("{before}", whenWords(was)).replace("{after}", whenWords(wanted));
    fill(moving.entry.dataset.move, wanted, button(words.saves, ""), button(words.leaves, "secondary", leave));
    bar.dataset.shows = "question";
    bar.hidden = false;
  }

  function leave() {
    close();
    if (!moving) return;
    putBack()?.focus();
    say(words.left);
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    save(new FormData(form), form.action);
  });

  async function save(data, action) {
    if (sending) return;
    sending = true;
    bar.dataset.shows = "sending";
    const id = moving?.id ?? bar.dataset.entry;
    const old = moving ? before(moving.entry.dataset) : null;
    try {
      const answer = await fetch(action, { method: "POST", body: new URLSearchParams(data), redirect: "manual", headers: { accept: "text/html" } });
      if (moving) putBack();
      if (answer.type === "opaqueredirect") await saved(id, action, old);
      else refused(new DOMParser().parseFromString(await answer.text(), "text/html"), id, action, data);
    } catch {
      if (moving) putBack();
      close();
      say(document.getElementById("flash").dataset.failed);
      location.reload();
    } finally {
      sending = false;
    }
  }

  // What was saved is read from the server; what was shown floats away with the old calendar.
  async function saved(id, action, old) {
    const page = new DOMParser().parseFromString(await (await fetch(location.href, { headers: { accept: "text/html" } })).text(), "text/html");
    const [fresh, shown] = [page.getElementById("board"), document.getElementById("board")];
    if (!fresh || !shown) return location.reload();
    shown.replaceWith(document.adoptNode(fresh));
    htmx.process(fresh);
    close();
    const entry = document.getElementById(id);
    const done = page.querySelector("#flash .flash")?.textContent.trim() ?? "";
    what.textContent = done;
    if (old && entry?.dataset.version) fill(action, { ...old, version: entry.dataset.version }, button(words.undoes, "secondary"), button(words.closes, "quiet", close));
    else fill(action, {}, button(words.closes, "quiet", close));
    Object.assign(bar.dataset, { shows: "done", entry: id });
    bar.hidden = false;
    entry?.querySelector("a")?.focus();
    say(`${done} ${entry ? whenWords(before(entry.dataset)) : ""}`);
  }

  // The page of the interview refused: its reasons, its next free times, and its question: about the working hours, or another calendar.
  function refused(page, id, action, data) {
    const reasons = [...page.querySelectorAll("#errors li")].map((one) => one.textContent.trim());
    const list = document.createElement("ul");
    list.append(...(reasons.length ? reasons : [page.querySelector("main .lead")?.textContent ?? ""]).map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    answered.replaceChildren(list);
    const free = [...page.querySelectorAll('[aria-labelledby="next-free"] > li')];
    if (free.length) answered.append(Object.assign(document.createElement("p"), { textContent: page.getElementById("next-free").textContent }), document.adoptNode(page.querySelector('[aria-labelledby="next-free"]')));
    answered.querySelector('[aria-labelledby="next-free"]')?.removeAttribute("aria-labelledby");
    const asked = page.querySelector('[name="outside_working_hours"]:not(:checked), [name="while_busy"]:not(:checked)');
    const values = Object.fromEntries(data);
    const buttons = [button(words.leaves, "secondary", () => { close(); document.getElementById(id)?.querySelector("a")?.focus(); })];
    if (asked) buttons.unshift(button(asked.closest("label").textContent.trim(), ""));
    what.textContent = words.refused;
    fill(action, asked ? { ...values, [asked.name]: "true" } : {}, ...buttons);
    Object.assign(bar.dataset, { shows: "refusal", entry: id });
    bar.hidden = false;
    form.querySelector("button").focus();
    say([words.refused, ...reasons].join(" "));
  }

  // ---- Keyboard. M on an entry begins; it needs the focus, so that it is no single key of the page (WCAG 2.1.4).
  document.addEventListener("keydown", (event) => {
    const entry = event.target.closest?.(".entry[data-move]");
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (!moving) {
      if (entry && event.key.toLowerCase() === "m" && begin(entry)) {
        event.preventDefault();
        say(`${words.begins} ${whenWords(fields())}`);
        moving.byKeys = true;
      }
      return;
    }
    if (!moving.byKeys || !moving.entry.contains(event.target)) {
      if (event.key === "Escape") leave();
      return;
    }
    const steps = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };
    if (event.key === "Escape") leave();
    else if (event.key === "Enter") {
      if (isMoved()) save(new FormData(form), form.action);
      else leave();
    } else if (steps[event.key]) {
      if (event.shiftKey && steps[event.key][1]) stretch(steps[event.key][1] > 0);
      else go(...steps[event.key]);
      place();
      ask();
      moving.entry.querySelector("a").focus();
      moving.entry.scrollIntoView({ block: "nearest", inline: "nearest" });
      say(whenWords(fields()));
    } else return;
    event.preventDefault();
  });

  // ---- Mouse and touch. A finger holds an entry for a moment first, so that it can scroll; the grip at the end makes it longer.
  let press = null;

  function start() {
    if (!press || !begin(press.entry)) return end();
    press.started = true;
    press.on = rowAt(columns()[moving.at.column], press.y) - moving.at.row;
    press.entry.setPointerCapture?.(press.pointer);
  }

  function end() {
    clearTimeout(press?.timer);
    press = null;
  }

  document.addEventListener("pointerdown", (event) => {
    const entry = event.target.closest?.(".entry[data-move]");
    if (!entry || event.button || moving) return;
    press = { entry, x: event.clientX, y: event.clientY, pointer: event.pointerId, sizes: Boolean(event.target.closest(".entry-grip")), touch: event.pointerType === "touch" };
    if (press.sizes) start();
    else if (press.touch) press.timer = setTimeout(start, LONG_PRESS);
  });

  document.addEventListener("pointermove", (event) => {
    if (!press || event.pointerId !== press.pointer) return;
    const far = Math.hypot(event.clientX - press.x, event.clientY - press.y) > FAR;
    if (!press.started) {
      if (far && press.touch) return end();
      if (far) start();
      if (!press?.started) return;
    }
    const over = columns().findIndex((one) => { const box = one.getBoundingClientRect(); return event.clientX >= box.left && event.clientX < box.right; });
    const { at, was } = moving;
    const row = rowAt(columns()[at.column], event.clientY);
    if (press.sizes) {
      const wanted = (row - at.row + 1) * 15;
      at.minutes = words.lengths.split(" ").map(Number).reduce((best, one) => (Math.abs(one - wanted) < Math.abs(best - wanted) ? one : best));
    } else {
      at.column = over < 0 ? at.column : over;
      at.row = Math.min(Math.max(row - press.on, 1), times().length);
      at.minutes = was.minutes;
    }
    place();
    event.preventDefault();
  });

  document.addEventListener("pointerup", () => {
    if (!press?.started) return end();
    const target = press.entry;
    end();
    const swallow = (event) => { event.preventDefault(); event.stopImmediatePropagation(); };
    target.addEventListener("click", swallow, { capture: true, once: true });
    setTimeout(() => target.removeEventListener("click", swallow, true), 300);
    if (!isMoved()) return putBack();
    ask();
    form.querySelector("button").focus();
    say(what.textContent);
  });

  document.addEventListener("pointercancel", () => {
    if (press?.started && moving) putBack();
    end();
  });
  document.addEventListener("touchmove", (event) => { if (press?.started) event.preventDefault(); }, { passive: false });
  document.addEventListener("contextmenu", (event) => { if (press?.touch) event.preventDefault(); });
  document.addEventListener("dragstart", (event) => { if (event.target.closest?.(".calendar .entry, .calendar .free")) event.preventDefault(); });

  // ---- What others changed came while an entry is moved: it stays where it was carried, unless it changed itself.
  document.addEventListener("htmx-after-swap", () => {
    if (!moving) return;
    const entry = document.getElementById(moving.id);
    if (entry?.classList.contains("is-moving")) return; // another part of the page
    if (!entry || entry.dataset.version !== moving.entry.dataset.version || !columns()[moving.at.column]) {
      moving = null;
      close();
      say(words.changed);
      return;
    }
    Object.assign(moving, { entry, classes: entry.className, parent: entry.parentElement, next: entry.nextSibling });
    entry.classList.add("is-moving");
    place();
    if (moving.byKeys) entry.querySelector("a").focus();
  });

})();
