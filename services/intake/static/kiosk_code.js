// The code of an appointment at the kiosk. Only the server knows codes. Cancelled, over and at another centre is all unknown to
// it. The day of an appointment is not shown: a code may be guessed.
self.kioskCode = (kiosk) => {
  "use strict";
  const { centre, within, show, say, ticket, working } = kiosk;
  const PATIENCE = 4000;
  const REASONS = { 401: "desk", 403: "desk", 404: "unknown", 422: "unknown", 429: "often" };
  const CONFLICTS = { "/problems/already-received": "received", "/problems/appointment-not-today": "otherDay" };
  const KEY = /^[0-9&é"'(§è!çà]$/;
  const code = () => within("[data-code]");

  function wrong(reason) {
    const place = within("[data-code-error]");
    place.hidden = !reason;
    place.textContent = reason ? place.dataset[reason] : "";
    code().setAttribute("aria-invalid", String(Boolean(reason)));
  }

  function enter(first = "") {
    for (const one of document.querySelectorAll("[data-code]")) one.value = "";
    wrong(null);
    show("code");
    code().value = first;
    code().focus();
  }

  // What a reader or a keyboard types while a need is asked for.
  function read(event) {
    if (!KEY.test(event.key) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    enter(event.key);
  }

  async function arrive() {
    if (!navigator.onLine) return wrong("offline");
    const response = await fetch("/intake/api/v1/appointments/arrivals?qr=true", {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ centre, code: code().value }),
      signal: AbortSignal.timeout(PATIENCE),
    });
    const answer = await response.json();
    if (response.status === 409) return [wrong(CONFLICTS[answer.type] ?? "desk"), code().select()];
    if (!response.ok) return [wrong(REASONS[response.status] ?? "offline"), code().select()];
    if (answer.ticket) await ticket(answer.ticket, answer.ticket_qr);
    else [show("arrived"), say(within('[data-screen="arrived"] h1').textContent)];
  }

  document.addEventListener("submit", (event) => {
    event.preventDefault();
    if (code().value.trim()) working(() => arrive().catch(() => wrong("offline")));
  });

  return {
    enter,
    read,
    type: (digit) => [code().value += digit, wrong(null)],
    erase: () => [code().value = code().value.slice(0, -1), wrong(null)],
  };
};
