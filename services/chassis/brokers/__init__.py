"""The way to Kafka: the only package that knows the broker's clients."""
