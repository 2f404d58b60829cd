"""The directory: the centres, the providers around them, and the referrals from the ones to the others.

Owns centres, organisations with their services and places (HSDS 3), referrals, and what tells partners apart from
each other: the reference under which each of them knows a person.
Emits: centre published, provider published; referral requested, referral progressed; subject purged; and for partners,
on a topic of their own, referral changed.
Reacts to: actions of a plan that need a provider, and the erasure of a person.
"""
