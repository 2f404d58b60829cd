"""The use cases of scheduling, one subject per module, called by requests and incoming events.

guidance     book, move, cancel, hold: guidance interviews on a path
no_shows     miss, undo_miss
resuming     resume: undoes the end of an interview
information  start, finish, release_visitor: information interviews with a visitor in the room
holds        hold_slot, prolong, give_back, book_held: times that are chosen and not yet booked
paths        open_path, plan_confirmed: guidance paths
stopping     give_up: a path, with what is booked on it
reopening    reopen: a path that was given up
workshops    announce, cancel_workshop
attendance   record_attendance: of a workshop's session, and its correction
seats        take_seat, release_seat, accept, decline, wait_again
offers       go_on: a free seat is offered to the first person on the waitlist
earlier      ask, leave, accept, decline: an earlier time of a booked interview
earlier_times offer_earlier_times: free times go to those who asked
rooms        add_room, change_room, use_room: the list of a centre's rooms
availability set_hours, set_profile, add_absence, remove_absence: when counsellors can be booked
booking_rules set_rules: how far ahead and how late a centre books
waiting      check_in, change_status, identify, anonymise: the copy of the visits in the room
people       register: visitors who consented to be known
consent      give, withdraw
erasure      erase_subject

The other modules serve these: calendar reserves and releases quarter-hours, next_times names what is free instead of a
time that is taken, earlier_search finds who gets which earlier time, boards names the live boards, video the links of
interviews by video.
"""
