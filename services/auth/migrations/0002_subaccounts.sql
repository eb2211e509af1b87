-- Sub-accounts of a user, which is the firm, and sessions that act for one of them.

-- A firm's number fits below its sub-accounts' (services/kernel/firm.py).
ALTER TABLE users ADD CONSTRAINT users_account_ck CHECK (account_id < 1::bigint << 40);

-- An account beside the user's own. The request that made it is kept for good.
CREATE TABLE subaccounts (
    account_id  bigint      NOT NULL,
    user_id     uuid        NOT NULL,
    request_id  text        NOT NULL,
    label       text        NOT NULL,
    create_time timestamptz NOT NULL,
    CONSTRAINT subaccounts_pk PRIMARY KEY (account_id),
    CONSTRAINT subaccounts_user_fk FOREIGN KEY (user_id) REFERENCES users (user_id),
    CONSTRAINT subaccounts_request_uq UNIQUE (user_id, request_id),
    CONSTRAINT subaccounts_account_ck CHECK (account_id >= 1::bigint << 40)
);

-- NULL: the session acts for the user's own account.
ALTER TABLE sessions ADD COLUMN subaccount_id bigint;
ALTER TABLE sessions ADD CONSTRAINT sessions_subaccount_fk
    FOREIGN KEY (subaccount_id) REFERENCES subaccounts (account_id);

-- Who could do all that there was may do what is new.
UPDATE users
SET scopes = array(
    SELECT DISTINCT scope
    FROM unnest(scopes || '{drop_copy:read,subaccounts:read,subaccounts:write}') AS scope
    ORDER BY scope
);
