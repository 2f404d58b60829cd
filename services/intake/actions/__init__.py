"""What intake does, one subject a module. People and events end here."""
