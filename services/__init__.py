"""cefo: events and topics (contracts), what services are built on (chassis), five services, and their launcher."""
