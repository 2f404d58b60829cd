"""The use cases of intake, one subject per module, called by requests and incoming events.

visits   check_in, check_in_all, check_in_groups; call_next, call, serve, finish, leave
corrections  correct_area
queue    hold, come_back, transfer, prioritise
interviews  begin, end, undo (incoming events)
estimates  learn, keep_estimate, estimate_for
end_of_day  close_left_over, close_today, end_days
people   register_visitor, change_details, identify_visitor, anonymise_visit, make_keys
searching  search, search_elsewhere
messages  queue_about, queue_notice, tasks_planned; remember_referral, referral_progressed; remind, end_reminders
reminders  book, move, cancel; take_seat, release_seat, cancel_workshop (incoming events)
letters  Letters.compose
accesses  log_access, log_opening, may_open
consent  give_consent, withdraw_consent
links    create_link, choose_pin, open_link, close_opening
erasure  erase_subject, erase_due; erase_again, end_entries; confirm_erasure (an incoming event)
retention  prolong
"""
