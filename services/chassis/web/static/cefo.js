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
    } catch { /* said below in general words */ }
    return null;
  }

  function failed(ctx) {
    const place = flashPlace();
    if (!place) return;
    const message = document.createElement("p");
    message.className = "flash flash-error";
    message.textContent = (reasonIn(ctx) || place.dataset.failed).trim();
    place.replaceChildren(message);
  }

  const isStream = (element) => element?.matches?.("[data-hx-sse-connect]");

  htmx.registerExtension("cefo", {
    init: (api) => api.initSecurity(null, refuseCode, refuseCode),

    // A stream that answers anything but a stream (an error, the sign-in page) must not replace the board.
    htmx_before_response: (element, { ctx }) => {
      if (!isStream(element)) return true;
      if (ctx.response.status === 401) location.reload();
      const streams = ctx.response.headers.get("Content-Type")?.includes("text/event-stream");
      if (!streams) element.dataset.live = "off";
      return Boolean(streams && ctx.response.status === 200);
    },

    // The server names its boards' event; htmx swaps the messages that have no name.
    htmx_sse_before_message: (_element, detail) => {
      if (detail.message.event === "board") detail.message.event = "";
      return true;
    },

    // A page without the region we asked for (a refusal) must not empty the region.
    htmx_before_swap: (_element, { ctx, tasks }) => {
      const at = tasks.findIndex((task) => task.type === "main");
      if (at >= 0 && ctx.select && !tasks[at].fragment.firstElementChild) {
        tasks.splice(at, 1);
        failed(ctx);
      }
      return true;
    },
  });

  // Focus: a morph keeps it where the element stays. Where it went away, go to the board, not to the top of the page.
  let focused = null;
  document.addEventListener("focusin", (event) => { focused = event.target; });
  document.addEventListener("htmx-after-swap", (event) => {
    const { ctx } = event.detail;
    const target = typeof ctx.target === "string" ? document.querySelector(ctx.target) : ctx.target;
    const region = target?.id ? document.getElementById(target.id) : target;
    say(region?.closest("[data-announce]")?.dataset.announce ?? region?.querySelector("[data-announce]")?.dataset.announce);
    if (!focused || (document.activeElement && document.activeElement !== document.body)) return;
    const again = focused.isConnected ? focused : focused.id && document.getElementById(focused.id);
    if (again) again.focus({ preventScroll: true });
    else if (region?.hasAttribute("tabindex")) region.focus({ preventScroll: true });
  });

  document.addEventListener("htmx-sse-after-connection", (event) => { event.target.dataset.live = "on"; });
  document.addEventListener("htmx-sse-before-connection", (event) => {
    if (event.detail.connection.attempt > 0 && !document.hidden) event.target.dataset.live = "off";
  });
  document.addEventListener("htmx-sse-error", (event) => {
    event.target.dataset.live = "off";
    if (event.detail.status === 401) location.reload();
  });

  document.addEventListener("htmx-response-error", (event) => {
    if (!isStream(event.target) && event.detail.ctx.swap === "none") failed(event.detail.ctx);
  });
  document.addEventListener("htmx-error", (event) => {
    if (isStream(event.target)) event.target.dataset.live = "off";
    else failed(event.detail.ctx);
  });
})();
