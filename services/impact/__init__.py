"""Impact: what the centres achieved. Owns counts per day, centre and area; nothing about a person.

Emits nothing. Reacts to the other four services' events: visits, interviews, workshops, plans and referrals.
"""
