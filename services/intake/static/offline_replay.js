// Enrols this browser as a device, and sends what it recorded without the server. Nothing is removed before the server has
// answered for it; what is sent twice has one effect. One tab sends at a time (Web Locks).
self.replay = (() => {
  "use strict";
  const [MOST, EVERY] = [500, 10000];
  const news = "BroadcastChannel" in self ? new BroadcastChannel("cefo-offline") : new EventTarget();
  const json = (response) => (response.headers.get("Content-Type")?.includes("json") ? response.json() : null);

  // The worker, and a promise of the browser not to delete what is stored. Both only over HTTPS, or on this machine.
  async function prepare(worker) {
    if (!navigator.serviceWorker) return { persisted: false };
    await navigator.serviceWorker.register(worker, { scope: "/intake/" });
    const persisted = (await navigator.storage?.persisted?.()) || (await navigator.storage?.persist?.()) || false;
    return { persisted };
  }

  // Returns the pack, or null where the server did not enrol the device now. `again`: a device that was revoked, by a gesture.
  // One tab at a time: the key that was made last is the one that holds, and it is stored last.
  function enrol(app, address, again = false) {
    const ask = () => enrolNow(app, address, again);
    return navigator.locks ? navigator.locks.request(`cefo-enrol-${app}`, ask) : ask();
  }

  async function enrolNow(app, address, again) {
    const known = await offline.begin(app);
    const response = await fetch(address, {
      method: "POST",
      headers: { "Content-Type": "application/json", Accept: "application/json" },
      body: JSON.stringify({ device_id: known.device_id, key: again || !known.key }),
      signal: AbortSignal.timeout(15000),
    });
    const answer = await json(response);
    if (response.ok && answer?.device_id) return offline.refresh(app, answer);
    // `ended`: who is signed in here may not set it up, or nobody is. A kiosk then gives no more tickets.
    const ended = [401, 403].includes(response.status) ? { ended: true } : {};
    // Too many requests, for example, says nothing about the device.
    if (answer?.detail && [401, 403, 409].includes(response.status)) await offline.change(app, { problem: answer.detail, ...ended });
    return null;
  }

  function wired({ app, mark, visit_id, seq, at, area, other_areas, queue, activity, channel, ticket, interpreter_language, needs, group, steps }) {
    const time = (one) => offline.byClockOfNow(one, app.startsWith("kiosk:"));
    const taken = steps.map(({ mark: marked, ...step }) => ({ ...step, at: time({ at: step.at, mark: marked }) }));
    const prepare = needs?.length ? { needs } : {};
    return { visit_id, seq, at: time({ at, mark }), area, other_areas, queue, activity, channel, ticket, interpreter_language, ...prepare, group, steps: taken };
  }

  async function sendSome(pack, entries) {
    const response = await fetch(`/intake/api/v1/devices/${pack.device_id}/replay`, {
      method: "POST",
      credentials: "omit",
      headers: { "Content-Type": "application/json", Accept: "application/json", Authorization: `Bearer ${pack.key}` },
      body: JSON.stringify({ device_now: new Date().toISOString(), entries: entries.map(wired) }),
      signal: AbortSignal.timeout(60000),
    });
    const answer = await json(response);
    if (response.ok && Array.isArray(answer?.results)) return offline.settle(entries, answer.results);
    if (response.status === 401) await offline.change(pack.app, { problem: answer?.detail ?? "" });
    throw new Error(`replay: ${response.status}`);
  }

  async function sendAllOf(pack, count) {
    for (;;) {
      const entries = (await offline.pending(pack.app)).filter((entry) => !entry.answered).slice(0, MOST);
      if (!entries.length) return;
      const some = await sendSome(pack, entries);
      if (!some.sent && !some.refused) return;
      [count.sent, count.refused] = [count.sent + some.sent, count.refused + some.refused];
    }
  }

  async function sendAll() {
    const count = { sent: 0, refused: 0 };
    let failed = null;
    for (const pack of await offline.packs()) {
      // A key that does not hold any more keeps back nothing of another device of this browser.
      if (pack.key) await sendAllOf(pack, count).catch((error) => { failed = error; });
    }
    if (failed && !count.sent && !count.refused) throw failed;
    return count;
  }

  // What was sent and refused now; null while another tab sends, or the server does not answer.
  async function now() {
    const send = (lock) => (lock ? sendAll() : null);
    try {
      const count = await (navigator.locks ? navigator.locks.request("cefo-replay", { ifAvailable: true }, send) : send(true));
      if (count?.sent || count?.refused) tell();
      return count;
    } catch {
      return null;
    }
  }

  // What the server answered to a check-in that stays listed. The words are in the page.
  function reasonOf({ refused, ticket, problem }) {
    const word = (name, value) => document.getElementById("reasons").content.querySelector(`[data-reason="${name}"]`).textContent.replace(/\{\w+\}/, () => value);
    if (refused) return word("refused", problem);
    return [problem, ticket ? word("other-ticket", ticket) : ""].filter(Boolean).join(" ");
  }

  function tell() {
    if (news.postMessage) news.postMessage("changed");
  }

  // Sends now, when the network is back, and every ten seconds while something is left; `shown` is called after each time
  // and when another tab changed something.
  function watch(shown) {
    const again = async () => {
      await offline.dropNeeds().catch(() => {});
      const left = (await offline.pending()).some((entry) => !entry.answered);
      shown(left ? await now() : { sent: 0, refused: 0 });
    };
    addEventListener("online", again);
    news.addEventListener("message", () => shown({ sent: 0, refused: 0 }));
    setInterval(again, EVERY);
    return again();
  }

  return { prepare, enrol, now, watch, reasonOf, tell };
})();
