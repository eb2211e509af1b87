-- The ledger. Append-only: a balance is the newest entry of its account, and nothing is ever changed or taken back.

CREATE TABLE asset (
    asset_id     integer  NOT NULL,
    symbol       text     NOT NULL,
    engine_scale smallint NOT NULL,
    ledger_scale smallint NOT NULL,
    CONSTRAINT asset_pk PRIMARY KEY (asset_id),
    CONSTRAINT asset_symbol_uq UNIQUE (symbol),
    CONSTRAINT asset_scales_ck CHECK (engine_scale BETWEEN 0 AND ledger_scale AND ledger_scale <= 18)
);
COMMENT ON TABLE asset IS 'What can be owned. Amounts in the ledger have ledger_scale decimals (the chain''s), those of the engine engine_scale.';

CREATE TABLE ledger_account (
    ledger_account_id bigint  GENERATED ALWAYS AS IDENTITY,
    kind              text    NOT NULL,
    account_id        bigint  NOT NULL,
    asset_id          integer NOT NULL,
    CONSTRAINT ledger_account_pk PRIMARY KEY (ledger_account_id),
    CONSTRAINT ledger_account_uq UNIQUE (kind, account_id, asset_id),
    CONSTRAINT ledger_account_kind_ck CHECK (kind IN ('external', 'in_transit', 'trading', 'revenue')),
    CONSTRAINT ledger_account_owner_ck CHECK ((account_id = 0) = (kind IN ('external', 'revenue'))),
    CONSTRAINT ledger_account_asset_fk FOREIGN KEY (asset_id) REFERENCES asset (asset_id)
);
COMMENT ON TABLE ledger_account IS 'external: the world outside. in_transit: between ledger and engine. trading: inside the engine. revenue: fees earned. account_id 0 is the venue.';

CREATE TABLE ledger_transfer (
    ledger_transfer_id bigint      GENERATED ALWAYS AS IDENTITY,
    cause              text        NOT NULL,
    trade_ids          bigint[]    NOT NULL,
    create_time        timestamptz NOT NULL,
    CONSTRAINT ledger_transfer_pk PRIMARY KEY (ledger_transfer_id),
    CONSTRAINT ledger_transfer_cause_uq UNIQUE (cause)
);
COMMENT ON COLUMN ledger_transfer.cause IS 'What caused it, booked once for good: fund:SEQ, or engine:SHARD:EPOCH:ENGINE_SEQ.';

CREATE TABLE ledger_entry (
    ledger_account_id  bigint         NOT NULL,
    version            bigint         NOT NULL,
    ledger_transfer_id bigint         NOT NULL,
    kind               text           NOT NULL,
    amount             numeric(38, 0) NOT NULL,
    balance            numeric(38, 0) NOT NULL,
    CONSTRAINT ledger_entry_pk PRIMARY KEY (ledger_account_id, version),
    CONSTRAINT ledger_entry_account_fk FOREIGN KEY (ledger_account_id) REFERENCES ledger_account (ledger_account_id),
    CONSTRAINT ledger_entry_transfer_fk FOREIGN KEY (ledger_transfer_id) REFERENCES ledger_transfer (ledger_transfer_id),
    CONSTRAINT ledger_entry_kind_ck CHECK (kind IN ('transfer', 'trade', 'fee')),
    CONSTRAINT ledger_entry_amount_ck CHECK (amount <> 0)
);
CREATE INDEX ledger_entry_transfer_ix ON ledger_entry (ledger_transfer_id);
COMMENT ON COLUMN ledger_entry.balance IS 'The account''s balance after this entry.';

CREATE TABLE engine_transfer (
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
    CONSTRAINT engine_transfer_pk PRIMARY KEY (transfer_seq),
    CONSTRAINT engine_transfer_request_uq UNIQUE (account_id, request_id),
    CONSTRAINT engine_transfer_asset_fk FOREIGN KEY (asset_id) REFERENCES asset (asset_id),
    CONSTRAINT engine_transfer_direction_ck CHECK (direction IN ('in', 'out')),
    CONSTRAINT engine_transfer_amount_ck CHECK (amount > 0),
    CONSTRAINT engine_transfer_state_ck CHECK (state IN ('requested', 'applied', 'refused')),
    CONSTRAINT engine_transfer_outcome_ck CHECK ((state = 'requested') = (engine_seq IS NULL)),
    CONSTRAINT engine_transfer_reason_ck CHECK ((state = 'refused') = (reason IS NOT NULL))
);
CREATE INDEX engine_transfer_requested_ix ON engine_transfer (transfer_seq) WHERE state = 'requested';
COMMENT ON TABLE engine_transfer IS 'Outbox to the engine: transfer_seq is contiguous from 1, amounts have engine_scale decimals.';

CREATE FUNCTION ledger_entry_check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1
        FROM new_entry
        JOIN ledger_account USING (ledger_account_id)
        GROUP BY new_entry.ledger_transfer_id, ledger_account.asset_id
        HAVING sum(new_entry.amount) <> 0
    ) THEN
        RAISE EXCEPTION 'a ledger transfer does not sum to zero' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_balanced_ck';
    END IF;
    IF EXISTS (
        SELECT 1
        FROM new_entry
        JOIN ledger_account USING (ledger_account_id)
        JOIN ledger_entry AS newest USING (ledger_account_id)
        WHERE ledger_account.kind <> 'external'
          AND newest.balance < 0
          AND newest.version = (
              SELECT max(version) FROM ledger_entry WHERE ledger_account_id = ledger_account.ledger_account_id
          )
    ) THEN
        RAISE EXCEPTION 'a ledger account would go below zero' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entry_solvent_ck';
    END IF;
    RETURN NULL;
END
$$;
-- All entries of a transfer are written by one statement, so a check a statement sees it whole.
CREATE TRIGGER ledger_entry_check_tr AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS new_entry FOR EACH STATEMENT EXECUTE FUNCTION ledger_entry_check();

CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER ledger_entry_append_only_tr BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entry
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
CREATE TRIGGER ledger_transfer_append_only_tr BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION ledger_append_only();
