// Sets this browser up as a kiosk: the worker, the device, the paper. It shows what is not sent yet, and what the server answered
// of what was. What is shown is in the page; this unhides it.
(async () => {
  "use strict";
  const place = document.getElementById("kiosk-setup");
  const { centre, enrol, worker } = place.dataset;
  const app = `kiosk:${centre}`;
  const show = (name, on = true) => { place.querySelector(`[data-line="${name}"]`).hidden = !on; };
  if (!navigator.serviceWorker || !self.indexedDB) return show("unable");
  const paper = place.querySelector("select");

  function row({ seq, ticket, answered }) {
    const one = document.getElementById("answered").content.firstElementChild.cloneNode(true);
    one.querySelector(".ticket").textContent = ticket ?? "–";
    one.querySelector("[data-reason]").textContent = replay.reasonOf(answered);
    const button = one.querySelector("[data-dismiss]");
    button.querySelector(".visually-hidden").textContent = ` – ${ticket ?? ""}`;
    button.addEventListener("click", () => offline.dismiss(seq).then(shown));
    return one;
  }

  let drawn = "";
  async function shown() {
    const [pack, mine] = [await offline.pack(app), await offline.pending(app)];
    const [left, answered] = [mine.filter((entry) => !entry.answered), mine.filter((entry) => entry.answered)];
    const usable = Boolean(pack?.slot && pack.key && !pack.problem);
    show("ready", usable);
    show("refused", !usable);
    place.querySelector("[data-problem]").textContent = pack?.problem ?? "";
    if (usable) place.querySelector("[data-slot]").textContent = `${pack.slot * 1000 + 1} – ${pack.slot * 1000 + 999}`;
    show("waiting", left.length > 0);
    place.querySelector("[data-number]").textContent = left.length;
    show("answered", answered.length > 0);
    // Drawn again only when it is another list: a question that is open stays open.
    if (drawn === JSON.stringify(answered)) return;
    drawn = JSON.stringify(answered);
    place.querySelector("[data-answered]").replaceChildren(...answered.map(row));
  }

  async function prepare(again) {
    await replay.enrol(app, enrol, again).catch(() => null);
    if (again) await replay.now();
    await shown();
  }

  place.querySelector("[data-again]").addEventListener("click", () => prepare(true).catch(() => {}));
  try {
    await offline.set("kiosk", centre);
    paper.value = (await offline.setting("paper")) ?? "";
    paper.addEventListener("change", () => offline.set("paper", paper.value));
    const { persisted } = await replay.prepare(worker);
    show("lost", !persisted);
    await prepare(false);
    await replay.watch(shown);
  } catch {
    show("refused");
  }
})();
