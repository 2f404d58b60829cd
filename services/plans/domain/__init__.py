"""The rules of a plan and their named refusals. Pure: time is passed in."""
