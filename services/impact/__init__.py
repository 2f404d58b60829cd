"""Impact: what the centres achieved. Owns counts per day, centre and area; never a person.

Emits nothing. Reacts to what the other four say: visits, interviews, workshops, plans and referrals. It was added
without touching them, and that is the test of the architecture.
"""
