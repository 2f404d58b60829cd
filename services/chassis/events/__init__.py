"""Events between services: published from the outbox, processed exactly once and in order, or kept as dead letters."""
