"""cefo: what is said (contracts), how it is built (chassis), the five services, and what starts them (launcher)."""
