"""The accounts of a firm, by their numbers: its own, and sub-accounts that carry the firm's number in their own.

1. auth gives a firm a number below 2^40 with its registration. Its sub-account n has the number n * 2^40 + the firm's.
2. So whose an account is, everybody can tell from its number alone: no part of the exchange has to be asked, and none
   can be down. A sub-account never moves to another firm.
3. Sub-accounts are opened in the order of their n, from 1 without a gap.
"""

from services.kernel.ids import AccountId

MAX_SUBACCOUNTS = 100
"""Sub-accounts that a firm may have."""

FIRM_BITS = 40
"""Bits of the firm's number; with the limit above, every account number is below 2^47, exact in JavaScript too."""


def firm_of(account_id: AccountId) -> AccountId:
    """Return the number of the firm's own account; that account itself for one that is no sub-account."""
    return AccountId(account_id & (1 << FIRM_BITS) - 1)


def subaccount(firm: AccountId, number: int) -> AccountId:
    """Return the number of a firm's n-th sub-account; n counts from 1, and 0 gives the firm's own account."""
    assert firm == firm_of(firm)
    assert 0 <= number <= MAX_SUBACCOUNTS
    return AccountId(number << FIRM_BITS | firm)
