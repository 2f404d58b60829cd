"""The use cases of intake, one subject per module, called by requests and incoming events.

visits   check_in, check_in_all; call_next, call, serve, finish, leave
interviews  begin, end, undo (incoming events)
end_of_day  close_left_over, end_days
people   register_visitor, identify_visitor
consent  give_consent, withdraw_consent
links    create_link, choose_pin, open_link, close_opening
erasure  erase_subject, erase_due; erase_again, end_entries; confirm_erasure (an incoming event)
retention  prolong
"""
