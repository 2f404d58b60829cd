"""Copies of data that another service owns, kept up to date by events, where several services need one.

A service never queries another: it stores the few columns it needs. This package has what the copies share: the
columns, the action that updates a copy, and the refusals for what it does not contain. The table itself belongs to the
service.
"""
