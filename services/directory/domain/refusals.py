"""The refusals of the directory's rules.

::

    Refused
    ├── WrongReferralStep        the referral's status does not allow the step
    ├── NotYourStep              (403) the step belongs to another party
    ├── ServiceNotActive         the service is not active
    ├── AlreadyReferred          one open referral per person and service
    ├── DifferentOrganization    the id belongs to another organisation
    ├── SeededMeanwhile          another replica published the same rows meanwhile
    ├── AwaitsApproval           (403) a manager has not approved the account yet
    ├── AccountInactive          (403) the account was deactivated
    ├── OwnAccount               (403) nobody changes their own account
    ├── RoleNotGranted           (403) the manager may not grant or withdraw the role
    ├── CentreNotGranted         (403) the manager grants within their own centres
    ├── RegionUnmanaged              a region-wide manager has to remain
    ├── WrongAccountStatus       the account's status does not allow the step
    ├── NotAMachine              only devices and machines have tokens
    ├── CodeTaken                another account has the code
    ├── IdentityTaken            the identity belongs to an account
    ├── Invalid: RoleMissing, RolesApart, CentreMissing, OrganizationMissing, UnknownOrganization
    ├── Invalid: RoleNotForMachine, TokenDays
    └── Invalid: UnknownTopic, UnknownLanguage, UnknownLocation, UnknownReason,
                 ReasonNotWanted, UnknownCursor, NotAZone, PlacesBeyondCapacity

`opening_refusals` has those of opening hours.
"""

from services.chassis.refusals import Invalid, NotAllowed, Refused, msg


class WrongReferralStep(Refused):
    """The referral's status does not allow the step."""

    slug = "wrong-referral-step"
    message = msg("Current status of the referral: {status}. Reload the page. Possible now: {allowed}.")
    field_name = "status"


class NotYourStep(NotAllowed):
    """The step belongs to another party: providers answer, centres cancel, the platform expires."""

    slug = "not-your-step"
    message = msg("Only {party} can set this status. Possible for you now: {allowed}.")
    field_name = "status"


class ServiceNotActive(Refused):
    """No person is referred to a service that is not active."""

    slug = "service-not-active"
    message = msg("“{service}” takes no referrals at the moment ({status}). Choose another service.")
    field_name = "service_id"


class AlreadyReferred(Refused):
    """One open referral per person and service."""

    slug = "already-referred"
    message = msg(
        "A referral for this person to this service is already in progress. Open it, or choose another service."
    )
    field_name = "service_id"


class DifferentOrganization(Refused):
    """An id inside an entry belongs to another organisation."""

    slug = "different-organization"
    message = msg("This identifier belongs to another provider. Use one of your own.")
    field_name = "id"


class SeededMeanwhile(Refused):
    """Another replica published the same rows meanwhile: retry."""

    slug = "seeded-meanwhile"
    message = msg("Another publication has just taken place. Try again.")


class UnknownTopic(Invalid):
    """The topic is not in the taxonomy."""

    slug = "unknown-topic"
    message = msg("Unknown topic: {topic}. Choose a topic from the list.")
    field_name = "topics"


class UnknownLanguage(Invalid):
    """The language is not one of the list."""

    slug = "unknown-language"
    message = msg("Unknown language: {language}. Choose a language from the list.")
    field_name = "languages"


class UnknownLocation(Invalid):
    """A service names a location that the entry does not have."""

    slug = "unknown-location"
    message = msg("This location is not in the entry. Choose a location of the entry, or add it first.")
    field_name = "location_id"


class UnknownReason(Invalid):
    """The reason is not on the list."""

    slug = "unknown-reason"
    message = msg("Choose a reason from the list.")
    field_name = "reason"


class ReasonNotWanted(Invalid):
    """The status takes no reason: it would be stored about a person without need."""

    slug = "reason-not-wanted"
    message = msg("This status needs no reason. Leave the field empty.")
    field_name = "reason"


class UnknownCursor(Invalid):
    """The cursor is not valid."""

    slug = "unknown-cursor"
    message = msg("This cursor is not from this list. Leave `after` out to start from the beginning.")
    field_name = "after"


class NotAZone(Invalid):
    """A time zone that does not exist."""

    slug = "unknown-zone"
    message = msg("Unknown time zone: {zone}. Use an IANA name, for example Europe/Brussels.")
    field_name = "timezone"


class PlacesBeyondCapacity(Invalid):
    """More open places than places, or open places without a known capacity."""

    slug = "places-beyond-capacity"
    message = msg(
        "Places left: {places_open}. Places in total: {capacity}. There cannot be more places left "
        "than in total. Correct the numbers."
    )
    field_name = "places_open"


class AwaitsApproval(NotAllowed):
    """A manager has not approved the account yet."""

    slug = "awaits-approval"
    message = msg("Your account is not approved yet. Ask the people who manage the accounts.")
    field_name = None


class AccountInactive(NotAllowed):
    """The account was deactivated."""

    slug = "account-inactive"
    message = msg("Your account has been deactivated. Ask the people who manage the accounts.")
    field_name = None


class OwnAccount(NotAllowed):
    """Nobody changes their own account."""

    slug = "own-account"
    message = msg("This is your own account. Ask another person who manages accounts to change it.")
    field_name = None


class RoleNotGranted(NotAllowed):
    """The manager may neither grant nor withdraw the role."""

    slug = "role-not-granted"
    message = msg("You may not give or take away this role: {roles}. Ask the region.")
    field_name = "roles"


class CentreNotGranted(NotAllowed):
    """A manager with centres grants within them: they are its choices."""

    slug = "centre-not-granted"
    message = msg("Choose one or more of your own centres.")
    field_name = "centres"


class RegionUnmanaged(Refused):
    """A region-wide manager has to remain."""

    slug = "region-unmanaged"
    message = msg("This is the last account that manages the whole region. Give this role to another account first.")
    field_name = "roles"


class WrongAccountStatus(Refused):
    """The account's status does not allow the step."""

    slug = "wrong-account-status"
    message = msg("Current status of the account: {status}. Reload the page.")
    field_name = "status"


class NotAMachine(Refused):
    """Only devices and machines have tokens."""

    slug = "not-a-machine"
    message = msg("Only the account of a device or of software can have a token. Choose such an account.")
    field_name = "kind"


class RoleNotForMachine(Invalid):
    """A device or a machine has only some of the roles."""

    slug = "role-not-for-machine"
    message = msg("This kind of account cannot have this role. Choose another kind or another role.")
    field_name = "roles"


class TokenDays(Invalid):
    """A token is valid for a limited time."""

    slug = "token-days"
    message = msg("Choose a validity in days, from 1 to {most}.")
    field_name = "days"


class CodeTaken(Refused):
    """Another account has the code."""

    slug = "code-taken"
    message = msg("Another account has this code. Choose another code.")
    field_name = "code"


class IdentityTaken(Refused):
    """The identity belongs to an account already."""

    slug = "identity-taken"
    message = msg("This person already has an account. Reload the page.")
    field_name = "subject"


class RoleMissing(Invalid):
    """An account needs a role."""

    slug = "role-missing"
    message = msg("Choose at least one role.")
    field_name = "roles"


class RolesApart(Invalid):
    """The role of a provider stands alone."""

    slug = "roles-apart"
    message = msg("The role of a provider cannot be combined with another role. Choose one of them.")
    field_name = "roles"


class CentreMissing(Invalid):
    """The role gives no right without a centre."""

    slug = "centre-missing"
    message = msg("This role needs a centre. Choose at least one centre.")
    field_name = "centres"


class OrganizationMissing(Invalid):
    """An account of a provider belongs to its organisation."""

    slug = "organization-missing"
    message = msg("This role needs a provider. Choose the provider.")
    field_name = "organization_id"


class UnknownOrganization(Invalid):
    """The organisation is not in the directory."""

    slug = "unknown-organization"
    message = msg("This provider is not in the directory. Choose a provider from the list.")
    field_name = "organization_id"
