-- The ledger. Append-only: a balance is the newest entry of its account, and nothing is ever changed or taken back.

CREATE TABLE assets (
    asset_id     integer  NOT NULL,
    symbol       text     NOT NULL,
    engine_scale smallint NOT NULL,
    ledger_scale smallint NOT NULL,
    CONSTRAINT assets_pk PRIMARY KEY (asset_id),
    CONSTRAINT assets_symbol_uq UNIQUE (symbol),
    CONSTRAINT assets_scales_ck CHECK (engine_scale BETWEEN 0 AND ledger_scale AND ledger_scale <= 18)
);
COMMENT ON TABLE assets IS 'What can be owned. Amounts in the ledger have ledger_scale decimals (the chain''s), those of the engine engine_scale.';

CREATE TABLE ledger_accounts (
    ledger_account_id bigint  GENERATED ALWAYS AS IDENTITY,
    kind              text    NOT NULL,
    account_id        bigint  NOT NULL,
    asset_id          integer NOT NULL,
    CONSTRAINT ledger_accounts_pk PRIMARY KEY (ledger_account_id),
    CONSTRAINT ledger_accounts_uq UNIQUE (kind, account_id, asset_id),
    CONSTRAINT ledger_accounts_kind_ck CHECK (kind IN ('external', 'in_transit', 'trading', 'revenue')),
    CONSTRAINT ledger_accounts_owner_ck CHECK ((account_id = 0) = (kind IN ('external', 'revenue'))),
    CONSTRAINT ledger_accounts_asset_fk FOREIGN KEY (asset_id) REFERENCES assets (asset_id)
);
COMMENT ON TABLE ledger_accounts IS 'external: the world outside. in_transit: between ledger and engine. trading: inside the engine. revenue: fees earned. account_id 0 is the venue.';

CREATE TABLE ledger_transfers (
    ledger_transfer_id bigint      GENERATED ALWAYS AS IDENTITY,
    cause              text        NOT NULL,
    trade_ids          bigint[]    NOT NULL,
    create_time        timestamptz NOT NULL,
    CONSTRAINT ledger_transfers_pk PRIMARY KEY (ledger_transfer_id),
    CONSTRAINT ledger_transfers_cause_uq UNIQUE (cause)
);
COMMENT ON COLUMN ledger_transfers.cause IS 'What caused it, booked once for good: fund:SEQ, or engine:SHARD:EPOCH:ENGINE_SEQ.';

CREATE TABLE ledger_entries (
    ledger_account_id  bigint         NOT NULL,
    version            bigint         NOT NULL,
    ledger_transfer_id bigint         NOT NULL,
    kind               text           NOT NULL,
    amount             numeric(38, 0) NOT NULL,
    balance            numeric(38, 0) NOT NULL,
    CONSTRAINT ledger_entries_pk PRIMARY KEY (ledger_account_id, version),
    CONSTRAINT ledger_entries_account_fk FOREIGN KEY (ledger_account_id) REFERENCES ledger_accounts (ledger_account_id),
    CONSTRAINT ledger_entries_transfer_fk FOREIGN KEY (ledger_transfer_id) REFERENCES ledger_transfers (ledger_transfer_id),
    CONSTRAINT ledger_entries_kind_ck CHECK (kind IN ('transfer', 'trade', 'fee')),
    CONSTRAINT ledger_entries_amount_ck CHECK (amount <> 0)
);
CREATE INDEX ledger_entries_by_transfer ON ledger_entries (ledger_transfer_id);
COMMENT ON COLUMN ledger_entries.balance IS 'The account''s balance after this entry.';

CREATE TABLE engine_transfers (
    transfer_seq bigint      NOT NULL,
    direction    text        NOT NULL,
    account_id   bigint      NOT NULL,
    asset_id     integer     NOT NULL,
    amount       bigint      NOT NULL,
    request_id   text        NOT NULL,
    state        text        NOT NULL,
    engine_seq   bigint,
    reason       text,
    create_time  timestamptz NOT NULL,
    CONSTRAINT engine_transfers_pk PRIMARY KEY (transfer_seq),
    CONSTRAINT engine_transfers_request_uq UNIQUE (account_id, request_id),
    CONSTRAINT engine_transfers_asset_fk FOREIGN KEY (asset_id) REFERENCES assets (asset_id),
    CONSTRAINT engine_transfers_direction_ck CHECK (direction IN ('in', 'out')),
    CONSTRAINT engine_transfers_amount_ck CHECK (amount > 0),
    CONSTRAINT engine_transfers_state_ck CHECK (state IN ('requested', 'applied', 'refused')),
    CONSTRAINT engine_transfers_outcome_ck CHECK ((state = 'requested') = (engine_seq IS NULL)),
    CONSTRAINT engine_transfers_reason_ck CHECK ((state = 'refused') = (reason IS NOT NULL))
);
COMMENT ON TABLE engine_transfers IS 'Transfers to and from the engine: transfer_seq is contiguous from 1, amounts have engine_scale decimals.';

CREATE FUNCTION ledger_entries_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1
        FROM new_entry
        JOIN ledger_accounts USING (ledger_account_id)
        GROUP BY new_entry.ledger_transfer_id, ledger_accounts.asset_id
        HAVING sum(new_entry.amount) <> 0
    ) THEN
        RAISE EXCEPTION 'a ledger transfer does not sum to zero' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_balanced_ck';
    END IF;
    IF EXISTS (
        SELECT 1
        FROM new_entry
        JOIN ledger_accounts USING (ledger_account_id)
        JOIN ledger_entries AS newest USING (ledger_account_id)
        WHERE ledger_accounts.kind <> 'external'
          AND newest.balance < 0
          AND newest.version = (
              SELECT max(version) FROM ledger_entries WHERE ledger_account_id = ledger_accounts.ledger_account_id
          )
    ) THEN
        RAISE EXCEPTION 'a ledger account would go below zero' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_solvent_ck';
    END IF;
    RETURN NULL;
END
$$;
-- All entries of a transfer are written by one statement, so a check a statement sees it whole.
CREATE TRIGGER ledger_entries_check_tr AFTER INSERT ON ledger_entries
    REFERENCING NEW TABLE AS new_entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_entries_check();

CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER ledger_entries_append_only_tr BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_transfers_append_only_tr BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transfers
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();

-- Commands for the engine, in the order of transfer_seq.
\ir ../../runtime/sql/outbox.sql

\ir ../../runtime/sql/consumer_position.sql
