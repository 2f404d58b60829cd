"""Intake: the front desk. Owns visits, the queue of each centre, and the visitors registered with their consent.

Emits: visit checked in, called, being served, served, left, returned, recorded, identified; visitor registered, consent
given, withdrawn, subject erased, and the list of erased persons.
Reacts to: check-ins from a front desk's own software, interviews with a visitor (started, held, undone), and centres as
the directory publishes them.
"""
