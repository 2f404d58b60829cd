// Reads records as JSON lines, as test_sdks.py writes them, and prints what JavaScript's CloudEvents SDK finds in each.
import { createInterface } from "node:readline";
import { Kafka } from "cloudevents";

for await (const line of createInterface({ input: process.stdin })) {
  const { headers, key, value } = JSON.parse(line);
  const event = Kafka.toEvent({ key, value, body: value, headers });
  event.validate();
  const { id, source, type, subject, dataschema, time, data, ...others } = event.toJSON();
  for (const name of ["specversion", "datacontenttype"]) delete others[name];
  console.log(JSON.stringify({ id, source, type, subject, dataschema, time, extensions: others, data }));
}
