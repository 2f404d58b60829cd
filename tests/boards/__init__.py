"""The boards of two services show the same people: the desk's and the counsellor's, whatever happens in between."""
