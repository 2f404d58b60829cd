"""The areas in which the network works, unless a centre publishes others."""

AREAS = {
    "choose-path": "Choosing a guidance path",
    "select-training": "Selecting training",
    "find-job": "Finding a job",
    "create-business": "Creating a business",
}
"""Their names in English, by code; in the other languages they are in `locales/`."""
