"""Refusals of counsellors."""

from services.chassis.refusals import Invalid, msg


class UnknownCounsellor(Invalid):
    """No account has this code."""

    slug = "unknown-counsellor"
    message = msg("This counsellor is not in the list. Choose a name from the list.")
    field_name = "counsellor"


class CounsellorInactive(Invalid):
    """The account is inactive, is no counsellor of this centre, or only imports have the code."""

    slug = "counsellor-inactive"
    message = msg("This counsellor does not take appointments at this centre. Choose another name from the list.")
    field_name = "counsellor"
