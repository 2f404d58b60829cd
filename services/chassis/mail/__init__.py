"""Messages by e-mail and to telephones: queued in the transaction that causes them, sent once by a background job.

A service that sends messages has a table of them and gives it to its `Service`::

    class Mail(QueuedMail, Table, table=True):
        __tablename__ = "mail"
        __table_args__ = (open_rows("mail"),)

    queue(work, Mail, purpose=…, recipient=…, subject=…, body=…, lang=…)

Recipient, subject and text are erased when the message is sent or given up; purpose, times and state stay. A table of
`MailRow` stores none of them: its `Service` has `letters`, which compose each one when it is sent.
"""
