"""Scheduling: the queue for counsellors, interviews, guidance paths, workshops with seats and attendance.

Owns interviews, paths, workshops, seats, the rooms and booking rules of each centre, working hours and absences of
counsellors, and the calendar of counsellors, rooms and visitors.
Emits: path opened, closed, reopened; interview booked, moved, cancelled, missed, started, held, undone; workshop
announced, changed, cancelled; seat taken, rescheduled, released; waitlist ended; attendance recorded; finalising
session due, withdrawn; earlier time offered, and the end of such an offer; subject purged.
Reacts to: visits (a copy of those in the room, and which are arrivals for appointments), visitors (registered, their
consent, to be erased), plans (a confirmed one closes its path), and centres as the directory publishes them.
"""
