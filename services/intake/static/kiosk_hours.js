// What people read about the opening hours at the kiosk, as on the desk, the wall and the page of a ticket: that the centre is
// closed now, and that a wait probably passes its closing. The server says it; without it, the hours that this browser has. The
// words are in the page.
self.kioskHours = (turns) => {
  "use strict";
  const [PATIENCE, FRESH, DAY] = [4000, 90000, 86400000];
  let latest = { at: -Infinity, wait: null };

  const keep = (wait) => { if (wait) latest = { at: performance.now(), wait }; };

  async function ask(centre) {
    if (!centre || !navigator.onLine) return;
    try {
      const address = `/intake/api/v1/centres/${centre}/wait`;
      const response = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
      if (response.ok) keep(await response.json());
    } catch { /* what this browser has */ }
  }

  // By the hours that were stored when the device was last opened. Null: they are not known, or too old.
  function stored({ openings, openings_until }, now) {
    if (!(now < Date.parse(openings_until ?? ""))) return null;
    const known = openings.map((one) => one.map((at) => Date.parse(at)));
    if (known.some(([opens, closes]) => opens <= now && now < closes)) return null;
    return { closed: true, opens: known.find(([opens]) => opens > now)?.[0] ?? null };
  }

  function words(place, lang, zone, now, { closed, closes, opens, estimate }) {
    const tag = lang === "en" ? "en-GB" : `${lang}-BE`;
    const text = (style, at) => new Intl.DateTimeFormat(tag, { ...style, timeZone: zone }).format(at);
    const time = (at) => text({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }, at);
    const date = (at) => Date.parse(new Intl.DateTimeFormat("en-CA", { timeZone: zone }).format(at));
    const filled = (name, values) => Object.entries(values).reduce((found, [key, value]) => found.replaceAll(`{${key}}`, value), place.dataset[name]);
    const ahead = opens ? Math.round((date(opens) - date(now)) / DAY) : 0;
    if (closed && !opens) return place.dataset.closed;
    if (closed) {
      const day = [place.dataset.today, place.dataset.tomorrow][ahead] ?? text(ahead < 7 ? { weekday: "long" } : { dateStyle: "full" }, opens);
      return filled("opens", { day, time: time(opens) });
    }
    if (estimate) {
      const [low, , high] = estimate;
      return `${filled(low ? "minutes" : "less", { low, high })}. ${filled("closes", { time: time(closes) })}`;
    }
    return opens && !ahead ? filled("before", { opens: time(opens), closes: time(closes) }) : filled("notToday", { time: time(closes) });
  }

  function show(pack) {
    const now = Date.now() + (pack?.ahead ?? 0);
    const moment = (at) => (at ? Date.parse(at) : null);
    const { at, wait } = latest;
    const fresh = wait && performance.now() - at < FRESH;
    const given = () => (fresh ? { ...wait, closes: moment(wait.closes), opens: moment(wait.opens) } : stored(pack, now));
    const found = pack?.centre ? given() : null;
    for (const turn of turns) {
      for (const place of turn.querySelectorAll("[data-hours]")) {
        place.hidden = !(found?.closed || found?.closes);
        place.querySelector("span").textContent = place.hidden ? "" : words(place, turn.lang, pack.centre.zone, now, found);
      }
    }
  }

  return { keep, ask, show };
};
