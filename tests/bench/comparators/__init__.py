"""The comparators: the documented idiom, the most similar library, the bare parts."""
