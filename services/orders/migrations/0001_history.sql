-- The history of orders, written from the engine's events and from nothing else. It can be made again from the engine's log.
-- Numbers are integers at the instrument's scales; those of enums are the contract's (exchange.type.v1).

CREATE TABLE instrument (
    instrument_id  bigint   NOT NULL,
    symbol         text     NOT NULL,
    price_scale    smallint NOT NULL,
    quantity_scale smallint NOT NULL,
    quote_scale    smallint NOT NULL,
    CONSTRAINT instrument_pk PRIMARY KEY (instrument_id),
    CONSTRAINT instrument_symbol_uq UNIQUE (symbol)
);
COMMENT ON TABLE instrument IS 'What it takes to read the numbers of an order. Nothing here ever changes.';

CREATE TABLE order_record (
    order_id              bigint   NOT NULL,
    account_id            bigint   NOT NULL,
    client_order_id       text     NOT NULL,
    instrument_id         bigint   NOT NULL,
    side                  smallint NOT NULL,
    type                  smallint NOT NULL,
    time_in_force         smallint NOT NULL,
    post_only             boolean  NOT NULL,
    self_trade_prevention smallint NOT NULL,
    price                 bigint   NOT NULL,
    quantity              bigint   NOT NULL,
    quote_budget          bigint   NOT NULL,
    cum_quantity          bigint   NOT NULL,
    leaves_quantity       bigint   NOT NULL,
    prevented_quantity    bigint   NOT NULL,
    cancelled_quantity    bigint   NOT NULL,
    cum_notional          bigint   NOT NULL,
    cum_fee               bigint   NOT NULL,
    status                smallint NOT NULL,
    end_reason            smallint NOT NULL,
    reject_reason         text     NOT NULL,
    version               bigint   NOT NULL,
    accepted_time_ns      bigint   NOT NULL,
    updated_time_ns       bigint   NOT NULL,
    CONSTRAINT order_record_pk PRIMARY KEY (account_id, order_id)
);
CREATE INDEX order_record_client_order_id_ix ON order_record (account_id, client_order_id, order_id DESC);
CREATE INDEX order_record_open_ix ON order_record (account_id, order_id DESC) WHERE status IN (1, 2);
COMMENT ON TABLE order_record IS 'Each order as its last event left it, refused ones included. ORDER is a word of SQL, hence the name.';
COMMENT ON CONSTRAINT order_record_pk ON order_record IS 'Numbers alone are unique too. All reads are of one account, newest first: with an index on the number alone, the planner would walk through everybody''s orders to find those of a quiet account.';
COMMENT ON COLUMN order_record.version IS 'Grows by one with each event of the order, so an event that comes twice changes nothing.';
COMMENT ON COLUMN order_record.client_order_id IS 'May come again after the engine has forgotten it: the order with the highest number used it last.';

CREATE TABLE fill (
    order_id    bigint   NOT NULL,
    trade_id    bigint   NOT NULL,
    price       bigint   NOT NULL,
    quantity    bigint   NOT NULL,
    notional    bigint   NOT NULL,
    fee         bigint   NOT NULL,
    liquidity   smallint NOT NULL,
    shard       integer  NOT NULL,
    epoch       bigint   NOT NULL,
    engine_seq  bigint   NOT NULL,
    event_index bigint   NOT NULL,
    CONSTRAINT fill_pk PRIMARY KEY (order_id, trade_id),
    CONSTRAINT fill_event_uq UNIQUE (shard, epoch, engine_seq, event_index)
);
COMMENT ON TABLE fill IS 'One order''s part in one trade. Append-only.';
COMMENT ON CONSTRAINT fill_event_uq ON fill IS 'The identity of the engine''s event: none is written twice.';

\ir ../../runtime/sql/consumer_position.sql
