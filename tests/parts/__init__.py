"""The real parts that tests run against: Apache Kafka, PostgreSQL, Redis, Chromium.

Started once per session, on free ports, in temporary folders; gone afterwards, also when pytest is killed (Linux).
A test asks for one by fixture (`kafka`, `postgres`, `redis_server`, `browser`). Where a part is missing its tests skip,
and the end of the run says so; with CEFO_REQUIRE_PARTS=1 they fail instead.
"""
