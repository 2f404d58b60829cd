"""Impact: counts of what the centres achieved, per day, centre and area. Stores nothing about a person.

Emits nothing. Consumes the other four services' events: visits, interviews, workshops, plans and referrals.
"""
