"""The rules of scheduling, and what they are called when they say no. Pure: time is passed in."""
