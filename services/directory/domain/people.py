"""The refusals of a referral for want of a registered person or of their consent."""

from services.chassis.refusals import Refused, msg


class PersonUnknown(Refused):
    """No person is registered at this centre under this reference, or they were erased."""

    slug = "person-unknown"
    message = msg("No person is registered at this centre under this reference. Check it on the page of their visit.")
    field_name = "subject_ref"


class ConsentMissing(Refused):
    """The person does not consent to referrals."""

    slug = "consent-missing"
    message = msg(
        "The person’s consent for referrals is missing. Ask the person for it. "
        "It is recorded on the page of their visit."
    )
    field_name = "subject_ref"
