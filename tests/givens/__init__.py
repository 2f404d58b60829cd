"""The invented people, centres, providers, times and events that tests of several services start from.

One module for what each service is given; `events` and `rows` read a store after a test acted; `scenarios` has one
prepared service for each of those whose refusals are tested; `patience` repeats what a busy machine could not do yet.
"""
