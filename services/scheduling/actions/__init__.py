"""What scheduling does, one subject a module. People and events end here."""
