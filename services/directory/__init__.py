"""The directory: centres, the providers around them, and referrals from centres to providers.

Owns centres, organisations with their services and locations (HSDS 3), referrals, and the keys from which each
partner's references of a person are derived.
Emits: centre published, provider published; referral requested, referral progressed; subject purged; and for partners,
on a topic of their own, referral changed.
Reacts to: actions of a plan that need a provider, registered persons and their consent, and the erasure of a person.
"""
