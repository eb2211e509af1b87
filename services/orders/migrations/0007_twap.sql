-- TWAPs, which the engine does not see: what they ask for, how far they have come, and their slices. Not written from events, and
-- not to be made again: the one table of this service that is the truth.

CREATE TABLE twap (
    twap_id               bigint   NOT NULL GENERATED ALWAYS AS IDENTITY,
    account_id            bigint   NOT NULL,
    client_order_id       text     NOT NULL,
    fingerprint           bigint   NOT NULL,
    engine_seq            bigint   NOT NULL,
    instrument_id         bigint   NOT NULL,
    side                  smallint NOT NULL,
    price                 bigint   NOT NULL,
    quantity              bigint   NOT NULL,
    duration_s            integer  NOT NULL,
    interval_s            integer  NOT NULL,
    self_trade_prevention smallint NOT NULL,
    reduce_only           boolean  NOT NULL,
    tag                   bigint   NOT NULL,
    session_id            bigint   NOT NULL,
    survive_disconnect    boolean  NOT NULL,
    start_ns              bigint   NOT NULL,
    due_ns                bigint   NOT NULL,
    seen_seq              bigint   NOT NULL,
    status                smallint NOT NULL,
    end_reason            smallint NOT NULL,
    reject_reason         text     NOT NULL,
    cum_quantity          bigint   NOT NULL,
    prevented_quantity    bigint   NOT NULL,
    cum_notional          bigint   NOT NULL,
    cum_fee               bigint   NOT NULL,
    version               bigint   NOT NULL,
    passed                integer  NOT NULL,
    sent                  integer  NOT NULL,
    updated_ns            bigint   NOT NULL,
    slice_place           integer,
    slice_quantity        bigint,
    slice_valid_until_ns  bigint,
    stop_reason           smallint NOT NULL,
    stop_asked_by         text     NOT NULL,
    stop_engine_seq       bigint   NOT NULL,
    CONSTRAINT twap_pk PRIMARY KEY (twap_id),
    CONSTRAINT twap_client_order_id_uq UNIQUE (account_id, client_order_id),
    CONSTRAINT twap_quantity_ck CHECK (0 <= cum_quantity AND 0 <= prevented_quantity
        AND cum_quantity + prevented_quantity <= quantity),
    CONSTRAINT twap_slice_ck CHECK ((slice_place IS NULL) = (slice_quantity IS NULL)
        AND (slice_place IS NULL) = (slice_valid_until_ns IS NULL))
);
CREATE INDEX twap_account_ix ON twap (account_id, start_ns DESC, twap_id DESC);
CREATE INDEX twap_due_ix ON twap (due_ns) WHERE status IN (1, 2);
COMMENT ON TABLE twap IS 'Each TWAP as it stands, kept for good. Its number to owners is 2^62 + twap_id.';
COMMENT ON CONSTRAINT twap_client_order_id_uq ON twap IS 'A client id makes one TWAP, however long ago: with its fingerprint, the promise that a repeated request acts once.';
COMMENT ON COLUMN twap.engine_seq IS 'The command that used its client id in the engine, so that no other order has it meanwhile.';
COMMENT ON COLUMN twap.due_ns IS 'When it is to be looked at next.';
COMMENT ON COLUMN twap.seen_seq IS 'Last private event of the account that it was held against.';
COMMENT ON COLUMN twap.slice_place IS 'The slice on its way: decided here before it is sent, and the same however often it is sent.';

CREATE TABLE twap_slice (
    twap_id            bigint   NOT NULL,
    place              integer  NOT NULL,
    quantity           bigint   NOT NULL,
    order_id           bigint,
    cum_quantity       bigint   NOT NULL,
    prevented_quantity bigint   NOT NULL,
    cum_notional       bigint   NOT NULL,
    cum_fee            bigint   NOT NULL,
    reason             text     NOT NULL,
    CONSTRAINT twap_slice_pk PRIMARY KEY (twap_id, place),
    CONSTRAINT twap_slice_twap_fk FOREIGN KEY (twap_id) REFERENCES twap (twap_id)
);
COMMENT ON TABLE twap_slice IS 'What became of each slice that was sent. Written with the sums of its TWAP, once.';
