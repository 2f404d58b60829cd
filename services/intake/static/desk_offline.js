// The desk's page, prepared for a network that goes away: a check-in that cannot be sent is kept in this browser, and the desk
// goes on in the offline desk. What is kept there is sent when this page opens. Needs offline_store.js,
// offline_replay.js and offline_check_in.js.
(async () => {
  "use strict";
  const place = document.getElementById("offline");
  if (!place || !navigator.serviceWorker || !self.indexedDB) return;
  const { app, centre, number, enrol, worker, desk } = place.dataset;
  const PATIENCE = 5000;
  const AWAY = [502, 503, 504];
  let ready = null;
  let shell = false;

  const show = (name, ...numbers) => {
    const line = place.querySelector(`[data-line="${name}"]`);
    line.hidden = !numbers.some((one) => one !== 0);
    const count = line.querySelector("[data-number]");
    if (count) count.textContent = numbers[0];
  };

  async function shown(count) {
    if (count?.sent) show("sent", count.sent);
    const mine = (await offline.pending()).filter((entry) => entry.app === app);
    show("waiting", mine.filter((entry) => !entry.answered).length);
    show("answered", mine.filter((entry) => entry.answered).length);
  }

  // An earlier arrival has a time of its own, and that is entered when the server is there. Before the worker is active the
  // offline desk cannot be opened: the page then says itself that the check-in was not sent.
  const keepable = (form) => shell && ready?.slot && ready.key && !form.get("time") && !form.get("day");

  async function goOn(form) {
    await offline.keep(app, await checkIns.of(form, form.get("visit_id")));
    location.assign(`${desk}#${form.get("visit_id")}`);
    return new Promise(() => {});  // this page goes away; the request has no answer
  }

  document.addEventListener("htmx-before-request", ({ target, detail: { ctx } }) => {
    if (!target.closest?.("#arrival form")) return;
    const form = new FormData();
    for (const [name, value] of ctx.request.body ?? []) form.append(name, value);
    ctx.fetch = async (address, options) => {
      if (!keepable(form)) return fetch(address, options);
      const patience = AbortSignal.any([options.signal, AbortSignal.timeout(PATIENCE)].filter(Boolean));
      try {
        if (!navigator.onLine) return await goOn(form);
        const response = await fetch(address, { ...options, signal: patience });
        return AWAY.includes(response.status) ? await goOn(form) : response;
      } catch (error) {
        if (options.signal?.aborted) throw error;
        return goOn(form);
      }
    };
  });

  async function prepare(again) {
    ready = (await replay.enrol(app, enrol, again)) ?? ready;
    const { problem } = (await offline.pack(app)) ?? {};
    place.querySelector("[data-problem]").textContent = problem ?? "";
    show("problem", problem ? 1 : 0);
  }

  const again = async () => [await prepare(true), await shown(await replay.now())];
  place.querySelector("[data-again]").addEventListener("click", () => again().catch(() => {}));
  // The offline desk led here, and has sent what it had.
  const sent = /^#sent-(\d+)$/.exec(location.hash)?.[1];
  if (sent !== undefined) {
    show("sent", Number(sent));
    history.replaceState(history.state, "", location.pathname + location.search);
  }
  try {
    await offline.set("desk", centre);
    await offline.set("here", number || null);  // none where no desk was chosen yet
    await offline.set("language", document.documentElement.lang);
    navigator.serviceWorker.ready.then(() => { shell = true; });
    const { persisted } = await replay.prepare(worker);
    show("lost", persisted ? 0 : 1);
    ready = (await offline.pack(app)) ?? null;
    await prepare(false);
    await replay.watch(shown);
  } catch {
    // Without storage or a server the page works as it does without this file.
  }
})();
