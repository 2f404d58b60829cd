"""What comes in is understood the same way at every door."""
