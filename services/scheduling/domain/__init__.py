"""The rules of scheduling and their refusals. Pure: the time is a parameter."""
