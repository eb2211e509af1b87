"""Ends a session inside a unit of work that others have begun."""

from datetime import datetime

from services.auth.model import Session, SessionEnded, SessionEndReason, UserEvent
from services.auth.ports import Transaction


async def end_session(transaction: Transaction, session: Session, reason: SessionEndReason, now: datetime) -> None:
    """End a lasting session, locked before; have its tokens refused everywhere, and the end announced."""
    await transaction.end_session(session.session_id, reason, now)
    await transaction.request_revocation(session.session_id)
    ended = SessionEnded(session.session_id, reason)
    await transaction.announce(UserEvent(now, session.user_id, session.account_id, ended))
