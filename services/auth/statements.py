"""What the store says to PostgreSQL."""

INSERT_USER = """
    INSERT INTO users (user_id, email, password_hash, scopes, create_time)
    VALUES ($1, $2, $3, $4, $5)
    RETURNING user_id, account_id, email, scopes, create_time
"""
USER_BY_ID = """
    SELECT user_id, account_id, email, scopes, create_time
    FROM users
    WHERE user_id = $1
"""
LOCK_USER = """
    SELECT user_id, account_id, email, scopes, create_time
    FROM users
    WHERE user_id = $1
    FOR NO KEY UPDATE
"""
INSERT_SUBACCOUNT = """
    INSERT INTO subaccounts (account_id, user_id, request_id, label, create_time)
    VALUES ($1, $2, $3, $4, $5)
"""
SUBACCOUNT_BY_REQUEST = """
    SELECT account_id, user_id, request_id, label, create_time
    FROM subaccounts
    WHERE user_id = $1 AND request_id = $2
"""
COUNT_SUBACCOUNTS = """
    SELECT count(*)
    FROM subaccounts
    WHERE user_id = $1
"""
HAS_SUBACCOUNT = """
    SELECT EXISTS (SELECT FROM subaccounts WHERE user_id = $1 AND account_id = $2)
"""
SUBACCOUNTS = """
    SELECT account_id, user_id, request_id, label, create_time
    FROM subaccounts
    WHERE user_id = $1 AND account_id > $2
    ORDER BY account_id
    LIMIT $3
"""
CREDENTIALS_BY_EMAIL = """
    SELECT user_id, account_id, email, scopes, create_time, password_hash
    FROM users
    WHERE email = $1
"""
INSERT_SESSION = """
    INSERT INTO sessions (session_id, user_id, scopes, start_time, subaccount_id)
    SELECT $1, user_id, $3, $4, nullif($5, account_id)
    FROM users
    WHERE user_id = $2
"""
LOCK_SESSION = """
    SELECT s.session_id, s.user_id, coalesce(s.subaccount_id, u.account_id) AS account_id, s.scopes, s.start_time,
        s.end_reason
    FROM sessions s
    JOIN users u ON u.user_id = s.user_id
    WHERE s.session_id = $1
    FOR UPDATE OF s
"""
SESSION_BY_DIGEST = """
    SELECT s.session_id, s.user_id, coalesce(s.subaccount_id, u.account_id) AS account_id, s.scopes, s.start_time,
        s.end_reason
    FROM refresh_tokens t
    JOIN sessions s ON s.session_id = t.session_id
    JOIN users u ON u.user_id = s.user_id
    WHERE t.digest = $1
"""
END_SESSION = """
    UPDATE sessions
    SET end_reason = $2, end_time = $3
    WHERE session_id = $1 AND end_reason IS NULL
"""
INSERT_REFRESH = """
    INSERT INTO refresh_tokens (digest, session_id, expire_time)
    VALUES ($1, $2, $3)
"""
REFRESH_BY_DIGEST = """
    SELECT digest, session_id, expire_time, spend_time
    FROM refresh_tokens
    WHERE digest = $1
"""
SPEND_REFRESH = """
    UPDATE refresh_tokens
    SET spend_time = $2
    WHERE digest = $1 AND spend_time IS NULL
    RETURNING session_id
"""
DELETE_EXPIRED = """
    DELETE FROM refresh_tokens
    WHERE session_id = $1 AND expire_time <= $2
"""
