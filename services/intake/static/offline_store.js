// What a desk or a kiosk keeps in this browser (IndexedDB): how it numbers tickets (`packs`), the check-ins that are not sent
// yet (`pending`, in order of `seq`), and a few settings. Codes, times and tickets: no names. Pages and the worker load it.
// What the team prepares (`needs`) is health data: it is kept until the server has answered, the visit has ended, its day is
// over, or the person has signed out.
self.offline = (() => {
  "use strict";
  const NUMBERS = 1000;
  const PAGE = self.crypto?.randomUUID?.() ?? String(performance.timeOrigin);
  let opened = null;
  let signedOut = false;

  const done = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

  function open() {
    opened ??= new Promise((resolve, reject) => {
      const asked = indexedDB.open("cefo-intake", 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("packs", { keyPath: "app" });
        asked.result.createObjectStore("settings");
        const pending = asked.result.createObjectStore("pending", { keyPath: "seq", autoIncrement: true });
        pending.createIndex("visit_id", "visit_id", { unique: true });
      };
      asked.onsuccess = () => {
        // Another tab with a newer version may change the stores.
        asked.result.onversionchange = () => [asked.result.close(), opened = null];
        asked.result.onclose = () => { opened = null; };
        resolve(asked.result);
      };
      asked.onerror = () => [opened = null, reject(asked.error)];
    });
    return opened;
  }

  // `work` awaits nothing but requests of the stores. What it wrote is on the disk when the promise is kept, or nothing is.
  async function transaction(names, mode, work) {
    const one = (await open()).transaction(names, mode, { durability: "strict" });
    const written = new Promise((resolve, reject) => [one.oncomplete = resolve, one.onabort = () => reject(one.error)]);
    written.catch(() => {});
    try {
      const result = await work(...names.map((name) => one.objectStore(name)));
      await written;
      return result;
    } catch (error) {
      try { one.abort(); } catch { /* it has ended */ }
      throw error;
    }
  }

  // When it is, by the clock, and by a count of this page that goes on alike when the clock is set.
  const moment = () => ({ at: new Date().toISOString(), mark: { page: PAGE, count: performance.now() } });

  // The noted time, by the clock of now: after a clock was set back the count of this page says how long ago it was. After one
  // was set forward too, but a computer that slept looks the same: so only for a kiosk, which does not sleep (`counts`).
  function byClockOfNow({ at, mark }, counts) {
    if (mark?.page !== PAGE) return at;
    const counted = Date.now() - (performance.now() - mark.count);
    const ahead = counted - Date.parse(at);
    return ahead < -1000 || (counts && ahead > 1000) ? new Date(counted).toISOString() : at;
  }

  const setting = (name) => transaction(["settings"], "readonly", (settings) => done(settings.get(name)));
  const set = (name, value) => transaction(["settings"], "readwrite", (settings) => !signedOut && done(settings.put(value, name)));
  const packs = () => transaction(["packs"], "readonly", (all) => done(all.getAll()));
  const pack = (app) => transaction(["packs"], "readonly", (all) => done(all.get(app)));

  async function pending(app) {
    const all = await transaction(["pending"], "readonly", (entries) => done(entries.getAll()));
    return app ? all.filter((entry) => entry.app === app) : all;
  }

  const dayAt = (pack, moment) => new Intl.DateTimeFormat("en-CA", { timeZone: pack.centre.zone }).format(moment);
  const numberOf = (entry) => Number(entry.ticket?.split("-")[1] ?? 0) % NUMBERS;

  // The device asks under one id for good, also when the answer to its first request was lost.
  function begin(app) {
    return transaction(["packs"], "readwrite", async (all) => {
      const known = (await done(all.get(app))) ?? { app, device_id: crypto.randomUUID(), key: null };
      await done(all.put(known));
      return known;
    });
  }

  // The server's answer to the enrolment. `ahead`: its clock before this one's, in milliseconds.
  function refresh(app, answer) {
    return transaction(["packs", "pending"], "readwrite", async (all, entries) => {
      if (signedOut) return null;
      const known = (await done(all.get(app))) ?? {};
      const fresh = { ...answer, app, key: answer.key ?? known.key ?? null, ahead: Date.parse(answer.now) - Date.now(), problem: null };
      fresh.day = dayAt(fresh, Date.parse(answer.now));
      const mine = (await done(entries.getAll())).filter((entry) => entry.app === app && entry.slot === fresh.slot).map(numberOf);
      const before = known.day === fresh.day && known.slot === fresh.slot ? known.number : 0;
      fresh.number = Math.max((answer.used ?? 0) % NUMBERS, before ?? 0, ...mine);
      await done(all.put(fresh));
      return fresh;
    });
  }

  const change = (app, changes) => transaction(["packs"], "readwrite", async (all) => {
    const known = await done(all.get(app));
    if (known) await done(all.put({ ...known, ...changes }));
  });

  // The next ticket of the device, and the pack that has given it. A clock that was put back does not begin a day again.
  function numbered(pack, area) {
    const today = dayAt(pack, Date.now() + pack.ahead);
    const [day, number] = today > pack.day ? [today, 1] : [pack.day, pack.number + 1];
    if (!pack.slot || number >= NUMBERS) return [null, pack];
    const letter = pack.areas.find((one) => one.code === area)?.letter ?? pack.letter ?? "A";
    return [`${letter}-${pack.slot * NUMBERS + number}`, { ...pack, day, number }];
  }

  // Keeps check-ins, each with its ticket, in one transaction: two tabs never give one number. What was kept before stays.
  // `numbersOnly`: without a number left, nothing is kept, and the promise is broken.
  function keep(app, checkIns, numbersOnly = false) {
    return transaction(["packs", "pending"], "readwrite", async (all, entries) => {
      let pack = await done(all.get(app));
      const kept = [];
      for (const checkIn of checkIns) {
        const known = await done(entries.index("visit_id").get(checkIn.visit_id));
        if (known) { kept.push(known); continue; }
        const entry = { ...checkIn, app, slot: pack.slot, ...moment(), ticket: null, status: checkIn.queue ? "waiting" : "no_queue", steps: [] };
        if (entry.queue) [entry.ticket, pack] = numbered(pack, entry.area);
        if (numbersOnly && entry.queue && !entry.ticket) throw new Error("no number is left");
        entry.seq = await done(entries.add(entry));
        kept.push(entry);
      }
      await done(all.put(pack));
      return kept;
    });
  }

  const STATUS = { call: "called", serve: "being_served", finish: "served", leave: "left" };
  const FROM = { call: ["waiting", "called"], serve: ["called"], finish: ["being_served"], leave: ["waiting", "called"] };

  // A step of a visit of this device. Null where the visit is not there any more, or not in a state for it.
  function step(seq, name, desk) {
    return transaction(["pending"], "readwrite", async (entries) => {
      const entry = await done(entries.get(seq));
      if (!entry || entry.answered || !FROM[name].includes(entry.status)) return null;
      const next = { ...entry, status: STATUS[name], desk: desk ?? entry.desk };
      if (["finish", "leave"].includes(name)) next.needs = [];
      next.steps = [...entry.steps, { step: name, ...moment(), ...(name === "call" ? { desk } : {}) }];
      await done(entries.put(next));
      return next;
    });
  }

  // What the team still has to look at. Nobody needs the interpreter's language or the needs for that: they say something of a
  // person.
  const answered = (entry, answer) => ({ ...entry, interpreter_language: null, needs: [], answered: answer });

  // A server of the version before does not know what the team prepares: while the platform is updated, or goes back. The check-in
  // waits for one that does; from the next day on, it is sent without (`dropNeeds`).
  const tooEarly = ({ needs }, problem) => Boolean(needs?.length) && problem?.type === "/problems/invalid" && /^needs\b/.test(problem.field ?? "");

  // The server's answers to what was sent. Only what it has, and as it was sent, is removed here; what the team has to know
  // stays, and is not sent any more.
  function settle(sent, results) {
    return transaction(["pending"], "readwrite", async (entries) => {
      const count = { sent: 0, refused: 0 };
      for (const [at, { seq, visit_id, ticket, steps }] of sent.entries()) {
        const [result, entry] = [results[at], await done(entries.get(seq))];
        if (!entry || (result?.visit_id ?? visit_id) !== visit_id) continue;
        const refused = result?.status === "refused";
        if (refused && tooEarly(sent[at], result.problem)) continue;
        if (!refused && !["accepted", "known"].includes(result?.status)) continue;
        const other = !refused && entry.queue && result.ticket !== ticket ? result.ticket ?? null : null;
        const problem = result.problem ? result.problem.detail ?? result.problem.title ?? "" : null;
        if (refused || other || problem !== null) {
          count[refused ? "refused" : "sent"] += 1;
          await done(entries.put(answered(entry, { refused, ticket: other, problem })));
        } else if (entry.steps.length === steps.length) {
          count.sent += 1;
          await done(entries.delete(seq));
        }
      }
      return count;
    });
  }

  // The visitors of earlier days are not here any more: nothing is prepared for them.
  const dropNeeds = () => transaction(["packs", "pending"], "readwrite", async (all, entries) => {
    for (const entry of await done(entries.getAll())) {
      const pack = entry.needs?.length ? await done(all.get(entry.app)) : null;
      if (pack?.centre && dayAt(pack, Date.parse(entry.at)) < dayAt(pack, Date.now())) await done(entries.put({ ...entry, needs: [] }));
    }
  });

  const dismiss = (seq) => transaction(["pending"], "readwrite", (entries) => done(entries.delete(seq)));

  // At sign-out: everything but what is not sent yet, and the key that sends it. What the server has answered for goes too, also
  // what was left to check. The device stays the same one for who signs
  // in next, so that it keeps its numbers.
  async function clear() {
    signedOut = true;  // an answer that comes now is not stored any more
    const left = await transaction(["packs", "pending", "settings"], "readwrite", async (all, entries, settings) => {
      const apps = new Set();
      for (const entry of await done(entries.getAll())) {
        if (entry.answered) await done(entries.delete(entry.seq));
        else [apps.add(entry.app), await done(entries.put({ ...entry, needs: [] }))];
      }
      const devices = await done(all.getAll());
      await done(settings.clear());
      for (const { app, device_id, key } of devices) await done(all.put({ app, device_id, key: apps.has(app) ? key : null }));
      return apps.size;
    });
    if (left) return;
    for (const name of await caches.keys()) await caches.delete(name);
    await (await navigator.serviceWorker?.getRegistration("/intake/"))?.unregister();
  }

  // Every page of a signed-in person loads this file, and has one form that signs out. Without storage it goes on alike.
  self.document?.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("[data-signs-out]") || !self.indexedDB) return;
    event.preventDefault();
    const late = new Promise((resolve) => setTimeout(resolve, 2000));
    Promise.race([clear().catch(() => {}), late]).then(() => form.submit());
  });

  return { byClockOfNow, setting, set, packs, pack, pending, begin, refresh, change, keep, step, settle, dropNeeds, dismiss, clear };
})();
