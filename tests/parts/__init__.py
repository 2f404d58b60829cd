"""The real parts that tests run against: Apache Kafka, PostgreSQL, Redis, Chromium.

Started once per session, on free ports, in temporary folders; stopped and removed afterwards, also if pytest is killed
(Linux). A test requests one by fixture (`kafka`, `postgres`, `redis_server`, `browser`). If a part is missing, its
tests are skipped and the end of the run lists it; with CEFO_REQUIRE_PARTS=1 they fail instead.
"""
