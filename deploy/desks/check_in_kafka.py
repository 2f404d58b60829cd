"""Checks a visitor in over Kafka. Needs Python 3.11 and `pip install confluent-kafka`.

CEFO_KAFKA=kafka.example:9092 python check_in_kafka.py liege find-job [--test]

With a user of its own: CEFO_KAFKA_USER, CEFO_KAFKA_PASSWORD. `--test` asks over HTTP what would happen to the event
(CEFO_URL, CEFO_TOKEN), and sends nothing.
"""

import json
import os
import sys
import urllib.request
import uuid
from datetime import UTC, datetime

from confluent_kafka import Producer

centre, area = sys.argv[1:3]
visit, now = str(uuid.uuid4()), datetime.now(UTC).isoformat()
envelope = {"specversion": "1.0", "id": str(uuid.uuid4()), "source": f"/desks/{centre}/sample", "subject": visit}
data = {"visit_id": visit, "centre": centre, "area": area, "at": now}
event = envelope | {"type": "cefo.desk.check-in.v1", "time": now, "data": data}
value, kind = json.dumps(event).encode(), {"content-type": "application/cloudevents+json"}
if "--test" in sys.argv:
    url = f"{os.environ['CEFO_URL']}/intake/api/v1/check-ins/test-event?centre={centre}"
    headers = kind | {"Authorization": f"Bearer {os.environ['CEFO_TOKEN']}"}
    print(urllib.request.urlopen(urllib.request.Request(url, value, headers), timeout=10).read().decode())  # noqa: S310
    sys.exit()
options = {"bootstrap.servers": os.environ["CEFO_KAFKA"], "enable.idempotence": True}
if user := os.environ.get("CEFO_KAFKA_USER"):
    options |= {"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512"}
    options |= {"sasl.username": user, "sasl.password": os.environ["CEFO_KAFKA_PASSWORD"]}
producer = Producer(options)
producer.produce(f"cefo.desk.check-ins.{centre}", value, key=visit, headers=[*kind.items()])
sys.exit("Kafka ne répond pas." if producer.flush(60) else 0)
