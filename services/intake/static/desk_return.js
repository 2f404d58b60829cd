// Leads from the offline desk back to the desk's page: once the server answers, everything is sent, and nothing is half entered.
// Who opened the offline desk while the server was there stays on it.
self.deskReturn = async (desk) => {
  "use strict";
  const { centre, form, recorded, settled, send } = desk;
  let { interrupted } = desk;
  const came = interrupted; // because the server was not there
  const [LOOK, QUIET, LATE] = [10000, 5000, 8000];
  const byId = (id) => document.getElementById(id);
  const page = centre ? `/intake/desk/${centre}` : "/intake/";
  let online = false;
  // Interrupted is what was recorded here without the server, and two looks in a row without an answer. One alone may be chance.
  let [missed, seen] = [0, 0];
  let touched = 0;
  let going = false;
  let tried = -LOOK;

  async function reachable() {
    try {
      return (await fetch("/health/live", { cache: "no-store", signal: AbortSignal.timeout(4000) })).ok;
    } catch {
      return false;
    }
  }

  function chosen(select) {
    const options = [...select.options];
    return select.selectedIndex !== Math.max(0, options.findIndex((option) => option.defaultSelected));
  }

  const entered = () => [...form.elements].some((one) => {
    if (one.matches("select")) return chosen(one);
    if (one.matches("[type=radio], [type=checkbox]")) return one.checked !== one.defaultChecked;
    return one.matches("input, textarea") && one.value !== one.defaultValue;
  });

  function tell(name) {
    for (const line of document.querySelectorAll("[data-return]")) line.hidden = line.dataset.return !== name;
  }

  // The page itself is asked for, so that a server that is only half there, or a sign-in that has ended, leads nowhere.
  async function go() {
    going = true;
    tried = performance.now();
    try {
      const answer = await fetch(page, { redirect: "manual", cache: "no-store", headers: { Accept: "text/html" }, signal: AbortSignal.timeout(LATE) });
      const ended = answer.type === "opaqueredirect" || [401, 403].includes(answer.status);
      if (ended) tell("sign-in");
      if (!answer.ok || entered() || !(await settled())) return;
      // Loaded again, also where this page stands at that address.
      history.replaceState(null, "", `${page}#sent-${byId("sent-number").textContent}`);
      location.reload();
    } catch { /* not there after all */ } finally {
      going = false;
    }
  }

  async function consider() {
    if (!online || !interrupted || going) return;
    // Who came for the list "To check" has not finished with it.
    if (!came && !recorded() && byId("answered-list").children.length) return;
    if (entered()) return tell("entered");
    if (!(await settled())) return tell("sending");
    const [now, waits] = [performance.now(), document.querySelector('[data-return="sign-in"]:not([hidden])')];
    if (now - touched < QUIET || now - tried < (waits ? LOOK : 1000)) return waits ? undefined : tell("soon");
    await go();
  }

  async function look() {
    const was = online;
    online = await reachable();
    missed = online ? 0 : missed + 1;
    interrupted ||= missed > 1 || (!(was && online) && recorded() > seen);
    seen = recorded();
    [byId("gone").hidden, byId("back").hidden] = [online, !online];
    if (!online) return tell("");
    await send();
    await consider();
  }

  for (const kind of ["pointerdown", "keydown", "input"]) addEventListener(kind, () => { touched = performance.now(); }, { capture: true, passive: true });
  byId("clear").addEventListener("click", () => {
    form.reset();
    for (const more of form.querySelectorAll("details[open]")) more.open = false;
    touched = 0;
    consider();
  });
  await look();
  setInterval(look, LOOK);
  setInterval(consider, 1000);
  addEventListener("online", look);
  addEventListener("offline", look);
};
