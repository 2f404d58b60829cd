"""What every process has: settings, the clock, logs, metrics and traces, background jobs, hints to open pages."""
