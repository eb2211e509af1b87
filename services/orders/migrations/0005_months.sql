-- Orders and fills by month, so that what is written now stays small whatever was before. A writer of the release before goes
-- on with order_record and fill and a position of its own; once none is left, both tables and that position can go.

LOCK TABLE order_record, fill, consumer_position IN SHARE ROW EXCLUSIVE MODE;

CREATE TABLE account_order (LIKE order_record INCLUDING DEFAULTS) PARTITION BY RANGE (accepted_time_ns);
ALTER TABLE account_order ADD CONSTRAINT account_order_pk PRIMARY KEY (account_id, order_id, accepted_time_ns);
CREATE INDEX account_order_client_order_id_ix ON account_order (account_id, client_order_id, order_id DESC);
CREATE INDEX account_order_live_ix ON account_order (account_id, order_id DESC) WHERE status IN (1, 2, 7);
COMMENT ON TABLE account_order IS 'Each order as its last event left it, refused ones included. A partition for each month of acceptance, made by the writer when it first needs it and kept for good: a client id is found however old it is.';
COMMENT ON COLUMN account_order.version IS 'Grows by one with each event of the order, so an event that comes twice changes nothing.';
COMMENT ON COLUMN account_order.client_order_id IS 'May come again after the engine has forgotten it: the order with the highest number used it last.';
COMMENT ON COLUMN account_order.working_price IS 'Where the order stands in the book, if that is not its price.';
COMMENT ON INDEX account_order_live_ix IS 'Open orders, those that wait for a price among them.';

CREATE TABLE account_fill (
    order_id       bigint   NOT NULL,
    trade_id       bigint   NOT NULL,
    price          bigint   NOT NULL,
    quantity       bigint   NOT NULL,
    notional       bigint   NOT NULL,
    fee            bigint   NOT NULL,
    liquidity      smallint NOT NULL,
    engine_time_ns bigint   NOT NULL,
    shard          integer  NOT NULL,
    epoch          bigint   NOT NULL,
    engine_seq     bigint   NOT NULL,
    event_index    bigint   NOT NULL,
    CONSTRAINT account_fill_pk PRIMARY KEY (order_id, trade_id, engine_time_ns),
    CONSTRAINT account_fill_event_uq UNIQUE (shard, epoch, engine_seq, event_index, engine_time_ns)
) PARTITION BY RANGE (engine_time_ns);
COMMENT ON TABLE account_fill IS 'One order''s part in one trade. Append-only, a partition a month, made by the writer when it first needs it.';
COMMENT ON COLUMN account_fill.engine_time_ns IS 'When it traded; of fills that fill had, when their order was accepted.';
COMMENT ON CONSTRAINT account_fill_event_uq ON account_fill IS 'The identity of the engine''s event, of which the time is a part: none is written twice.';

DO $$
DECLARE
    kept record;
    name text;
    begins timestamp;
BEGIN
    FOR kept IN
        SELECT DISTINCT date_trunc('month', to_timestamp(accepted_time_ns / 1000000000) AT TIME ZONE 'UTC') AS month
          FROM order_record
    LOOP
        FOREACH name IN ARRAY ARRAY['account_order', 'account_fill'] LOOP
            begins := kept.month;
            EXECUTE format(
                'CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%s) TO (%s)',
                name || to_char(begins, '_YYYY_MM'), name,
                extract(epoch FROM begins)::bigint * 1000000000,
                extract(epoch FROM begins + interval '1 month')::bigint * 1000000000
            );
        END LOOP;
    END LOOP;
END $$;

INSERT INTO account_order SELECT * FROM order_record;
INSERT INTO account_fill (
    order_id, trade_id, price, quantity, notional, fee, liquidity, engine_time_ns, shard, epoch, engine_seq, event_index)
SELECT f.order_id, f.trade_id, f.price, f.quantity, f.notional, f.fee, f.liquidity, o.accepted_time_ns,
       f.shard, f.epoch, f.engine_seq, f.event_index
  FROM fill f
  JOIN order_record o ON o.order_id = f.order_id;

INSERT INTO consumer_position (consumer, shard, epoch, engine_seq, event_index)
SELECT 'orders.history.monthly', shard, epoch, engine_seq, event_index
  FROM consumer_position
 WHERE consumer = 'orders.history';
