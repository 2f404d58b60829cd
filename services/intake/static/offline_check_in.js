// The form of an arrival, as the check-ins that this browser keeps: one for each person of a group. It says the same with and
// without the server.
self.checkIns = (() => {
  "use strict";
  const MOST = 60;

  // RFC 9562, version 5: the ids that the server gives the others of a group.
  async function idOf(namespace, name) {
    const bytes = namespace.replaceAll("-", "").match(/../g).map((pair) => parseInt(pair, 16));
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-1", new Uint8Array([...bytes, ...new TextEncoder().encode(name)]))).slice(0, 16);
    hash[6] = (hash[6] & 0x0f) | 0x50;
    hash[8] = (hash[8] & 0x3f) | 0x80;
    const text = [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
  }

  // `id`: of the first person. Who does not queue is gone at once: nothing is prepared, and no need of it is kept.
  async function of(form, id) {
    const [channel, activity] = [form.get("channel") || "desk", form.get("activity") || null];
    const areas = [...new Set([form.get("area"), ...form.getAll("other_areas")].filter(Boolean))];
    const queue = form.get("queue") !== "no" && !activity && channel === "desk";
    const one = {
      of: id, area: areas[0] ?? null, other_areas: areas.slice(1), channel, activity, queue,
      interpreter_language: form.get("interpreter_language") || null,
      needs: queue ? form.getAll("needs") : [],
    };
    const people = Math.min(MOST, Math.max(1, Number(form.get("people")) || 1));
    const others = await Promise.all(Array.from({ length: people - 1 }, (_, at) => idOf(id, String(at + 2))));
    return [id, ...others].map((visit_id) => ({ ...one, visit_id, group: people }));
  }

  return { of };
})();
