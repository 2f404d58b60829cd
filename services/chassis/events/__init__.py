"""Events between services: published from the outbox, processed once and in order, kept as dead letters."""
