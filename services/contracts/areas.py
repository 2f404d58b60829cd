"""The areas in which the network works, unless a centre publishes others."""

AREAS = ("choose-path", "select-training", "find-job", "create-business")
"""Their names are in `locales/`, in the context `Area`."""
