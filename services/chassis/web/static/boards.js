// What a board has besides being live: single keys for what is done all day, forms that one press sends once, no press on what
// just slid under the pointer, and how long ago something began. A press that is dropped says so. Everything works without this file.
(() => {
  "use strict";
  const root = document.documentElement;
  const typing = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=submit], [type=button])";

  // ---- Keys. [data-key="n"] gets the focus, a choice is made too. Digits work only while the focus is in [data-keys]. Who
  // does not want them switches them off (WCAG 2.1.4); they never act in a field.
  const remembered = () => { try { return localStorage.getItem("keys") !== "off"; } catch { return true; } };

  function switchKeys(on) {
    root.dataset.keys = on ? "on" : "off";
    for (const one of document.querySelectorAll("[data-keys-switch]")) [one.hidden, one.querySelector("input").checked] = [false, on];
    for (const one of document.querySelectorAll("[data-key]")) {
      if (on) one.setAttribute("aria-keyshortcuts", one.dataset.key.toUpperCase());
      else one.removeAttribute("aria-keyshortcuts");
    }
  }

  document.addEventListener("change", ({ target }) => {
    if (!target.closest?.("[data-keys-switch]")) return;
    try { localStorage.setItem("keys", target.checked ? "on" : "off"); } catch { /* for this page alone */ }
    switchKeys(target.checked);
  });

  document.addEventListener("keydown", (event) => {
    const { target, code, key } = event;
    if (root.dataset.keys !== "on" || event.ctrlKey || event.altKey || event.metaKey || event.repeat || target.closest?.(typing)) return;
    // By the place on the keyboard: on a Belgian one, the upper row has digits only with Shift.
    const digit = /^(?:Digit|Numpad)([1-9])$/.exec(code)?.[1];
    const within = digit ? target.closest?.("[data-keys]") : document;
    const wanted = digit ?? key.toLowerCase();
    const found = [...(within?.querySelectorAll("[data-key]") ?? [])].find((one) => one.dataset.key === wanted);
    if (!found) return;
    event.preventDefault();
    found.focus();
    if (!found.matches("[type=radio]")) return;
    found.checked = true;
    found.dispatchEvent(new Event("input", { bubbles: true }));
  });

  // ---- A press that is not taken says so, where it covers nothing that can be pressed. The line leaves after 8 s.
  let leaving = 0;
  const ignore = (event) => [event.preventDefault(), event.stopImmediatePropagation()];
  function drop(event) {
    ignore(event);
    const place = document.getElementById("ignored-press");
    if (!place) return;
    clearTimeout(leaving);
    const line = Object.assign(document.createElement("p"), { className: "flash flash-note", textContent: place.dataset.words });
    place.replaceChildren(line);
    leaving = setTimeout(() => line.remove(), 8000);
  }

  // ---- A form with data-one-press stays on the page and is as the server rendered it after each answer. Enter pressed twice
  // is one press: it sends again only after a new choice; so is a double click.
  const answered = new WeakMap();
  document.addEventListener("input", ({ target }) => answered.delete(target.form));
  document.addEventListener("submit", (event) => {
    const at = answered.get(event.target);
    if (at === undefined) return;
    // The second press of a double click was taken with the first: a line saying otherwise would lead to a second visit.
    if (performance.now() - at < 1000) ignore(event);
    else if (document.activeElement?.matches("[type=radio]")) drop(event);
  }, true);

  function settle(form) {
    form.reset();
    answered.set(form, performance.now());
    if (!form.querySelector(".field-error, .error-summary")) for (const more of form.querySelectorAll("details[open]")) more.open = false;
  }
  // A form that no server answers says itself that its press was taken.
  document.addEventListener("cefo-settled", ({ target }) => settle(target));

  // ---- A board that changes may move another row's button under the pointer. For a second, a press there is meant for what
  // was there before, as the second click of a slow double click is, and does nothing. A pointer that moved on is free. So is a
  // button that stayed, whatever else changed, also where a number in its words did.
  const SLID_FOR = 1000, STILL = 24; // ms, pixels
  let pointer = { x: -1, y: -1, over: "" };
  let slid = null;
  let pressed = null; // what was under the pointer when the press began, and whether it slid away since
  const controlOf = (element) => {
    const control = element?.closest?.(".live :is(button, summary, a)");
    if (!control) return "";
    const own = control.matches("summary") && control.parentElement.id;
    return own || `${control.closest("[id]").id} ${control.pathname ?? ""} ${control.textContent.replace(/\d+/g, "")}`;
  };
  for (const kind of ["pointermove", "pointerdown"]) {
    document.addEventListener(kind, ({ clientX: x, clientY: y, target }) => {
      pointer = { x, y, over: controlOf(target) };
      if (slid && Math.hypot(x - slid.x, y - slid.y) >= STILL) slid = null;
      if (kind === "pointerdown") pressed = { over: pointer.over, away: false };
    }, { capture: true, passive: true });
  }
  function slide() {
    const over = controlOf(document.elementFromPoint(pointer.x, pointer.y));
    if (over && over !== pointer.over) slid = { ...pointer, over, at: performance.now() };
    if (pressed && over !== pressed.over) pressed.away = true;
    pointer.over = over;
  }
  document.addEventListener("click", (event) => {
    if (event.detail === 0) return;
    const [over, from] = [controlOf(event.target), pressed];
    pressed = null;
    const lost = from?.over && from.away && over !== from.over;
    if (lost || (slid && performance.now() - slid.at <= SLID_FOR && over === slid.over)) drop(event);
  }, true);

  // ---- Minutes since a time, by the server's clock: [data-now] was rendered with the page.
  const clock = document.querySelector("[data-now]");
  const ahead = clock ? Date.parse(clock.dataset.now) - Date.now() : 0;

  function count() {
    for (const one of document.querySelectorAll("[data-since]")) {
      const minutes = Math.max(0, Math.floor((Date.now() + ahead - Date.parse(one.dataset.since)) / 60000));
      const text = one.dataset.words.replace("{minutes}", minutes);
      if (one.textContent !== text) one.textContent = text;
    }
  }

  document.addEventListener("htmx-after-swap", ({ detail: { ctx } }) => {
    const target = typeof ctx.target === "string" ? document.querySelector(ctx.target) : ctx.target;
    const region = target?.id ? document.getElementById(target.id) : target;
    // Only the form that was answered. It may be another element by now, with its id.
    const asked = document.getElementById(ctx.sourceElement?.id) ?? ctx.sourceElement;
    if (asked?.matches?.("form[data-one-press]")) settle(asked);
    region?.querySelector("[data-result]:not(:empty)")?.scrollIntoView({ block: "nearest" });
    slide();
    switchKeys(root.dataset.keys === "on");
    count();
  });
  switchKeys(remembered());
  count();
  setInterval(count, 5000);
})();
