"""Scheduling: who waits for a counsellor, interviews, guidance paths, workshops with seats and attendance.

Owns interviews, paths, workshops, seats, and the calendar of counsellors, rooms and people.
Emits: path opened, closed; interview booked, moved, cancelled, missed, started, held; workshop announced, cancelled;
seat taken, released; attendance recorded; finalising session due; subject purged.
Reacts to: visits (a copy of who is in the room), visitors (who agreed to be known, who is to be erased), plans (a
confirmed one closes its path), and centres as the directory publishes them.
"""
