"""What every service is built on: units of work, outbox and relay, inbox, broker, web. Depends on no service."""
