"""What every process has: settings, clock, logs, metrics, traces, retries, hints to live boards."""
