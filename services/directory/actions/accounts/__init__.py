"""The use cases of accounts: who may sign in with which rights, and what ends a sign-in."""

from services.directory.actions.accounts.ageing import remove_names
from services.directory.actions.accounts.arrivals import arrive
from services.directory.actions.accounts.lives import (
    approve,
    change,
    create,
    create_machine,
    deactivate,
    make_manager,
    reactivate,
)
from services.directory.actions.accounts.managers import account_for, manager_of, scope_of
from services.directory.actions.accounts.publishing import CLAIMS, COMMAND
from services.directory.actions.accounts.seeding import seed_staff
from services.directory.actions.accounts.sign_ins import (
    check_new_token,
    end_sign_ins,
    find_by_identity,
    issue_token,
    renew_token,
    revoke_token,
    sign_in,
    sign_in_kiosk,
    sign_out,
    token_for,
)

__all__ = [
    "CLAIMS",
    "COMMAND",
    "account_for",
    "approve",
    "arrive",
    "change",
    "check_new_token",
    "create",
    "create_machine",
    "deactivate",
    "end_sign_ins",
    "find_by_identity",
    "issue_token",
    "make_manager",
    "manager_of",
    "reactivate",
    "remove_names",
    "renew_token",
    "revoke_token",
    "scope_of",
    "seed_staff",
    "sign_in",
    "sign_in_kiosk",
    "sign_out",
    "token_for",
]
