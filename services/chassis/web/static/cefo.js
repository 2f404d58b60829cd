// What htmx leaves to us: no eval, say aloud what changed, keep the focus, show whether a board is live, report failures.
// Everything works without this file; pages are plain links and forms.
(() => {
  "use strict";
  const flashPlace = () => document.getElementById("flash");

  function refuseCode() {
    throw new Error("cefo: code in attributes is off; write a listener in cefo.js instead");
  }

  function say(text) {
    const announcer = document.getElementById("announcer");
    if (announcer && text && announcer.textContent !== text) announcer.textContent = text;
  }

  // A refusal is a problem document or a page with its reason in main's first .lead; neither replaces what is on screen.
  function reasonIn(ctx) {
    const type = ctx?.response?.headers?.get("Content-Type") ?? "";
    try {
      if (type.includes("json")) return JSON.parse(ctx.text).detail;
      if (type.includes("html")) return new DOMParser().parseFromString(ctx.text, "text/html").querySelector("#flash .flash, main .lead")?.textContent;
    } catch { /* a general message follows */ }
    return null;
  }

  function show(kind, text) {
    const place = flashPlace();
    if (!place) return;
    const message = document.createElement("p");
    message.className = `flash flash-${kind}`;
    message.textContent = (text || place.dataset.failed).trim();
    place.replaceChildren(message);
    float(place);
  }

  // A part of another service that does not come says so in its place; what was shown there stays.
  const lineOf = (ctx) => ctx?.target?.closest?.(".part")?.querySelector(".part-failed");

  function failed(ctx) {
    const line = lineOf(ctx);
    if (!line) return show("error", reasonIn(ctx));
    line.hidden = false;
    say(line.parentElement.innerText);
  }

  // A message that comes without a new page floats above it, so that nothing jumps, in the corner where it covers the
  // fewest controls. What went well leaves after 8 s, what failed stays until the next action, Escape, or a click on it.
  let leaving = 0;
  function float(place) {
    clearTimeout(leaving);
    const controls = [...document.querySelectorAll("button, .button, input, select, summary, textarea, nav a")].map((control) => control.getBoundingClientRect());
    const covered = (corner) => {
      place.dataset.over = corner;
      const box = place.getBoundingClientRect();
      return controls.filter(({ left, right, top, bottom }) => left < box.right && right > box.left && top < box.bottom && bottom > box.top).length;
    };
    const [least] = ["bottom end", "bottom start", "top end", "top start"].map((corner) => [covered(corner), corner]).sort(([one], [other]) => one - other);
    place.dataset.over = least[1];
    if (!place.querySelector(".flash-error")) leaving = setTimeout(() => place.replaceChildren(), 8000);
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && flashPlace()?.matches("[data-over]")) flashPlace().replaceChildren();
  });
  document.addEventListener("click", ({ target }) => target.closest?.("#flash[data-over]")?.replaceChildren());

  // A message that is there from the start is not read out by itself. On a page opened at one of its parts it floats.
  const arrived = flashPlace()?.querySelector(".flash");
  if (arrived) setTimeout(() => say(arrived.textContent.trim()), 500);
  if (arrived && location.hash) float(flashPlace());

  // A chosen date in words, in the page's language. As Babel does, French writes the first of the month as an ordinal.
  const { lang } = document.documentElement;
  const days = new Intl.DateTimeFormat(lang === "en" ? "en-GB" : `${lang}-BE`, { dateStyle: "full", timeZone: "UTC" });
  document.addEventListener("input", ({ target }) => {
    const words = target.type === "date" && document.getElementById(`${target.id}-words`);
    if (!words) return;
    const day = target.value ? days.format(new Date(target.value)) : "";
    words.textContent = lang === "fr" ? day.replace(/(^|\D)1 (?=\D)/, (_, before) => `${before}1er `) : day;
  });

  // data-copies="id" copies that element's text. Where there is no clipboard (HTTP), the button stays hidden.
  for (const button of navigator.clipboard ? document.querySelectorAll("[data-copies]") : []) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const { value, textContent } = document.getElementById(button.dataset.copies);
      navigator.clipboard.writeText(value ?? textContent).then(() => show("done", button.dataset.copied), () => failed());
    });
  }

  // "Print this page" opens the browser's dialog; without this file the button stays hidden.
  for (const button of document.querySelectorAll("[data-print]")) button.hidden = false;
  document.addEventListener("click", ({ target }) => { if (target.closest?.("[data-print]")) print(); });

  const isStream = (element) => element?.matches?.("[data-hx-sse-connect]");

  htmx.registerExtension("cefo", {
    init: (api) => api.initSecurity(null, refuseCode, refuseCode),

    // A stream that answers anything but a stream (an error, the sign-in page) must not replace the board.
    htmx_before_response: (element, { ctx }) => {
      if (!isStream(element)) return true;
      const streams = ctx.response.headers.get("Content-Type")?.includes("text/event-stream");
      if (!streams) element.dataset.live = "off";
      return Boolean(streams && ctx.response.status === 200);
    },

    // A piece that another service filled stays as it is while it is the same piece: the board's template has it unfilled.
    htmx_before_morph_node: (_element, { oldNode, newNode }) =>
      !oldNode.dataset?.hxGet || oldNode.dataset.hxGet !== newNode.dataset?.hxGet,

    // A refusal is shown and swaps nothing, unless the form asked for it (data-hx-status-…); nor does a page that lacks the
    // region we asked for, which would empty the region.
    htmx_before_swap: (_element, { ctx, tasks }) => {
      const main = tasks.find((task) => task.type === "main");
      const refused = ctx.response?.status >= 400 && ctx.swap === "none";
      if (refused || (main && ctx.select && !main.fragment.firstElementChild)) {
        tasks.length = 0;
        failed(ctx);
      }
      return true;
    },
  });

  // Focus: a morph keeps it where the element stays. Where it went away, go to what is left around it (a row, the board),
  // which says so with an id and tabindex="-1"; never to a button, so that a second Enter does nothing.
  let focused = null;
  let around = [];
  document.addEventListener("focusin", ({ target }) => {
    focused = target;
    around = [];
    for (let place = target; place; place = place.parentElement) if (place.id) around.push(place.id);
  });

  function keepFocus() {
    if (!focused || (document.activeElement && document.activeElement !== document.body)) return;
    const left = around.map((id) => document.getElementById(id)).find((place) => place?.matches("[tabindex], a, button, input, select, textarea"));
    (focused.isConnected ? focused : left)?.focus({ preventScroll: true });
  }

  document.addEventListener("htmx-after-swap", ({ detail: { ctx } }) => {
    const target = typeof ctx.target === "string" ? document.querySelector(ctx.target) : ctx.target;
    const region = target?.id ? document.getElementById(target.id) : target;
    const line = lineOf({ target: region });
    if (line?.contains(document.activeElement)) region.querySelector("[data-part]")?.focus();
    if (line && region.querySelector("[data-part]")) line.hidden = true;
    const news = region?.matches("[data-announce]") ? region : region?.querySelector("[data-announce]");
    say(news?.dataset.announce);
    if (ctx.selectOOB && flashPlace()?.firstElementChild) float(flashPlace());
    keepFocus();
  });

  // Whether a board is live. A short pause (a tab comes back, a server restarts) is not worth a word; three seconds are.
  const doubts = new WeakMap();
  document.addEventListener("htmx-sse-before-connection", ({ target }) => {
    clearTimeout(doubts.get(target));
    doubts.set(target, setTimeout(() => { target.dataset.live = "off"; }, 3000));
  });
  document.addEventListener("htmx-sse-after-connection", ({ target }) => {
    clearTimeout(doubts.get(target));
    target.dataset.live = "on";
  });
  document.addEventListener("htmx-sse-error", (event) => {
    event.target.dataset.live = "off";
    if (event.detail.status === 401) location.reload();
  });

  document.addEventListener("htmx-error", (event) => {
    if (isStream(event.target)) event.target.dataset.live = "off";
    else failed(event.detail.ctx);
  });
})();
