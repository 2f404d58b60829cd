"""How every service is built: one commit, an ordered outbox and its relay, the inbox, the broker, the web.

Knows no service.
"""
