// Checks a visitor in over HTTP and prints the ticket. Needs Node 20 and nothing else; in a browser, fetch is the same.
// CEFO_URL=https://cefo.example CEFO_TOKEN=… node check_in.mjs liege find-job [--test]
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const [centre, area, mode] = process.argv.slice(2);
// The id stays the same from try to try, so that one visitor is one visit.
const url = `${process.env.CEFO_URL}/intake/api/v1/visits/${randomUUID()}?test=${mode === "--test"}`;
const request = {
  method: "PUT",
  headers: {
    Authorization: `Bearer ${process.env.CEFO_TOKEN}`,
    "Content-Type": "application/json",
    "Accept-Language": "fr",
  },
  body: JSON.stringify({ centre, area }),
};

for (const pause of [1, 5, 30]) {
  const answer = await fetch(url, request).catch(() => undefined); // no network
  if (answer?.ok) {
    console.log((await answer.json()).ticket);
    process.exit(0);
  }
  if (answer && answer.status < 500 && answer.status !== 429) {
    console.error((await answer.json()).detail); // the same request would be refused again
    process.exit(1);
  }
  await sleep(1000 * Number(answer?.headers.get("Retry-After") ?? pause));
}
console.error("cefo ne répond pas.");
process.exit(1);
