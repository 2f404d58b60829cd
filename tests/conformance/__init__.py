"""What every store and broker must do, the same cases on each: SQLite and PostgreSQL, embedded and Apache Kafka."""
