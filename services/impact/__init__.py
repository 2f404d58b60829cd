"""Impact: what the centres achieved. Owns counts per day, centre and area, what is published of them, and the log of
exact ones; nothing about a visitor.

Emits nothing. Reacts to the other four services' events: visits, interviews, workshops, plans and referrals.
"""
