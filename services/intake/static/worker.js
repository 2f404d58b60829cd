// The service worker of the front desk and the kiosk. `self.shell` comes with the file that loads this one: its version, the
// shells and the files they need. It keeps nothing else: a page of a signed-in person is never in the cache.
(() => {
  "use strict";
  const { version, files } = self.shell;
  const NAME = `cefo-intake-${version}`;
  const PATIENCE = 6000;
  const APPS = /^\/intake\/(?:app\/)?(desk|kiosk)(?:\/[a-z0-9-]+)?$/;
  const AWAY = [502, 503, 504];

  async function fill() {
    const cache = await caches.open(NAME);
    // Without cookies, so that what is cached is the same for everyone.
    await Promise.all(files.map(async (file) => {
      const response = await fetch(file, { credentials: "omit", cache: "no-cache" });
      if (!response.ok) throw new Error(`${file}: ${response.status}`);
      await cache.put(file, response);
    }));
  }

  // The new version takes over at once: pages that are open have what they need, the next one is of the new version.
  self.addEventListener("install", (event) => event.waitUntil(fill().then(() => self.skipWaiting())));
  self.addEventListener("activate", (event) => event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("cefo-intake-") && name !== NAME) await caches.delete(name);
  })()));

  // Not cached after a sign-out, while pages of before are open: then only the server has it.
  async function shellOf(app, request) {
    const language = await self.offline.setting("language").catch(() => null);
    const wanted = app === "kiosk" ? "/intake/app/kiosk" : `/intake/app/desk?lang=${language ?? "fr"}`;
    return (await caches.match(wanted)) ?? fetch(request);
  }

  async function pageOr(request, app) {
    try {
      const response = await Promise.race([
        fetch(request),
        new Promise((_resolve, reject) => setTimeout(() => reject(new Error("too late")), PATIENCE)),
      ]);
      if (!AWAY.includes(response.status)) return response;
    } catch { /* the network or the server is gone */ }
    return shellOf(app, request);
  }

  self.addEventListener("fetch", (event) => {
    const { request } = event;
    const { origin, pathname, search } = new URL(request.url);
    if (request.method !== "GET" || origin !== self.location.origin) return;
    if (request.mode === "navigate") {
      const app = pathname === "/intake/" ? "desk" : APPS.exec(pathname)?.[1];
      if (!app) return;
      event.respondWith(pathname.startsWith("/intake/app/") ? shellOf(app, request) : pageOr(request, app));
    } else if (files.includes(pathname + search)) {
      event.respondWith(caches.match(request).then((found) => found ?? fetch(request)));
    }
  });
})();
