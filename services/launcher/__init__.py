"""The `cefo` command and the embedded stack. The only package that may import every service."""
