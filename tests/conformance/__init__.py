"""Delivery guarantees, with the same cases on each store (SQLite, PostgreSQL) and broker (embedded, Apache Kafka)."""
