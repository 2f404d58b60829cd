"""A service's own copies of what another service owns, fed by events, for what several services copy.

A service never asks another: it keeps the few columns it needs. Here stands what is the same in each of them: the
table's columns, the action that keeps a copy up to date, and the refusals of what is not in it. Which table that is,
and in which service, is not known here.
"""
