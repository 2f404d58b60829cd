"""Intake: the front desk. Owns visits, the queue of each centre, and the visitors registered with their consent.

Emits: visit checked in, called, being served, served, left, put on hold, transferred, prioritised, returned, recorded,
identified, anonymised; visitor arrived for an appointment, and not; visitor registered, consent given, withdrawn,
merged with another one, separated, subject erased, and the list of erased persons.
Reacts to: check-ins from a front desk's own software, interviews with a visitor (started, held, undone), appointments
(a copy of those that are still to come: interviews, and seats in workshops), attendance in workshops, and centres as
the directory publishes them. Sends messages on appointments, workshops, plans' actions and referrals.
"""
