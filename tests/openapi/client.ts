// Uses the types that openapi-typescript makes from intake's document; `test_clients.py` compiles and runs it.
import createClient from "openapi-fetch";
import type { components, paths } from "./intake.js";

declare const process: { argv: [string, string, string, string] };
const [, , url, token] = process.argv;

const client = (headers: Record<string, string>) => createClient<paths>({ baseUrl: url, headers });
const checkIn = (intake: ReturnType<typeof client>, area: string) => {
  const path = { id: crypto.randomUUID() };
  return intake.PUT("/intake/api/v1/visits/{id}", { params: { path }, body: { centre: "liege", area } });
};

const desk = client({ Authorization: `Bearer ${token}` });
const done = await checkIn(desk, "find-job");
const refused = await checkIn(desk, "gardening");
const unknown = await checkIn(client({}), "find-job");
const fault: components["schemas"]["Fault"] | undefined = refused.error?.errors?.[0];
// @ts-expect-error: a refusal is no visit
refused.error?.ticket;
console.log(JSON.stringify([
  done.data?.area, refused.error?.status, refused.error?.type, fault?.field, fault?.["known"], unknown.error?.status,
]));
