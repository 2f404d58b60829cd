"""Intake: the front desk. Owns visits, the queue of each centre, and the people who agreed to be known.

Emits: visit checked in, called, being served, served, left, recorded, identified; visitor registered, consent
withdrawn, subject erased.
Reacts to: check-ins of a front desk's own software, interviews that begin with a visitor, and centres as the directory
publishes them.
"""
