"""What a person types: one module for each command, `app` lists them, `client` speaks to a running platform."""
