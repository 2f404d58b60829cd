"""Who sends a request, in which role, for which centres."""
