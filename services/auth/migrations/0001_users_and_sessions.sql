-- Users, the sessions they log in to, and the families of refresh tokens. Refresh tokens and passwords are kept as
-- hashes only.

CREATE SEQUENCE account_ids AS bigint START WITH 1001;

-- Somebody who may log in, with the trading account that came with the registration.
CREATE TABLE users (
    user_id       uuid        NOT NULL,
    account_id    bigint      NOT NULL DEFAULT nextval('account_ids'),
    email         text        NOT NULL,
    password_hash text        NOT NULL,
    scopes        text[]      NOT NULL,
    create_time   timestamptz NOT NULL,
    CONSTRAINT users_pk PRIMARY KEY (user_id),
    CONSTRAINT users_account_uq UNIQUE (account_id),
    CONSTRAINT users_email_uq UNIQUE (email),
    CONSTRAINT users_email_ck CHECK (email = lower(email)),
    CONSTRAINT users_password_hash_ck CHECK (password_hash LIKE '$argon2id$%')
);

ALTER SEQUENCE account_ids OWNED BY users.account_id;

-- A login and everything refreshed from it. Locking the row decides who is first.
CREATE TABLE sessions (
    session_id uuid        NOT NULL,
    user_id    uuid        NOT NULL,
    scopes     text[]      NOT NULL,
    start_time timestamptz NOT NULL,
    end_time   timestamptz,
    end_reason text,
    CONSTRAINT sessions_pk PRIMARY KEY (session_id),
    CONSTRAINT sessions_user_fk FOREIGN KEY (user_id) REFERENCES users (user_id),
    CONSTRAINT sessions_end_reason_ck CHECK (end_reason IN ('LOGOUT', 'REFRESH_TOKEN_REUSED')),
    CONSTRAINT sessions_end_ck CHECK ((end_time IS NULL) = (end_reason IS NULL))
);

CREATE INDEX sessions_by_user ON sessions (user_id);

-- One link of a session's family: it buys the next, once.
CREATE TABLE refresh_tokens (
    digest      bytea       NOT NULL,
    session_id  uuid        NOT NULL,
    expire_time timestamptz NOT NULL,
    spend_time  timestamptz,
    CONSTRAINT refresh_tokens_pk PRIMARY KEY (digest),
    CONSTRAINT refresh_tokens_session_fk FOREIGN KEY (session_id) REFERENCES sessions (session_id),
    CONSTRAINT refresh_tokens_digest_ck CHECK (octet_length(digest) = 32)
);

CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id);

\ir ../../runtime/sql/outbox.sql
