-- What an account traded, by itself: each fill says whose it is, newest first without a look at its order. A writer of the
-- release before leaves the account of its fills open; the writers after it fill that in. Of what was taken back before,
-- nothing is known here.

ALTER TABLE account_fill
    ADD COLUMN account_id             bigint,
    ADD COLUMN instrument_id          bigint,
    ADD COLUMN side                   smallint,
    ADD COLUMN order_accepted_time_ns bigint;
COMMENT ON COLUMN account_fill.account_id IS 'Account of the order; null only of what a writer of an older release has just added.';
COMMENT ON COLUMN account_fill.order_accepted_time_ns IS 'With account and order, the key of the order''s row.';

UPDATE account_fill f
   SET account_id = o.account_id, instrument_id = o.instrument_id, side = o.side,
       order_accepted_time_ns = o.accepted_time_ns
  FROM account_order o
 WHERE o.order_id = f.order_id;

-- One index for two ends: no event is written twice, and the fills of an account are read by time.
ALTER TABLE account_fill DROP CONSTRAINT account_fill_event_uq;
ALTER TABLE account_fill ADD CONSTRAINT account_fill_account_event_uq
    UNIQUE (account_id, engine_time_ns, shard, epoch, engine_seq, event_index);
COMMENT ON CONSTRAINT account_fill_account_event_uq ON account_fill IS 'The identity of the engine''s event, of which account and time are a part: none is written twice. In this order, what an account traded, by time.';

CREATE INDEX account_fill_unowned_ix ON account_fill (order_id) WHERE account_id IS NULL;
COMMENT ON INDEX account_fill_unowned_ix IS 'Fills that still need their account; empty but for the change from the release before.';

CREATE INDEX account_order_time_ix ON account_order (account_id, accepted_time_ns, order_id);
COMMENT ON INDEX account_order_time_ix IS 'Orders of an account by time, which is also the order of their numbers.';

CREATE TABLE trade_bust (
    trade_id       bigint  NOT NULL,
    engine_time_ns bigint  NOT NULL,
    shard          integer NOT NULL,
    epoch          bigint  NOT NULL,
    engine_seq     bigint  NOT NULL,
    event_index    bigint  NOT NULL,
    CONSTRAINT trade_bust_pk PRIMARY KEY (trade_id)
);
COMMENT ON TABLE trade_bust IS 'Trades that were taken back, by the event that says so. Append-only, and few.';
