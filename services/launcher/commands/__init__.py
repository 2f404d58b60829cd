"""The commands, one module each; `app` registers them, `client` calls a running platform."""
