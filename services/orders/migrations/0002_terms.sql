-- What an order may ask for beyond price and quantity, and orders that wait for a price. A writer of the release before leaves
-- the defaults; once none is left, order_record_open_ix, which knows no waiting orders, can go.

ALTER TABLE order_record
    ADD COLUMN trigger_price      bigint,
    ADD COLUMN trigger_reference  smallint NOT NULL DEFAULT 0,
    ADD COLUMN trailing_ticks     bigint   NOT NULL DEFAULT 0,
    ADD COLUMN trailing_bps       bigint   NOT NULL DEFAULT 0,
    ADD COLUMN display_quantity   bigint   NOT NULL DEFAULT 0,
    ADD COLUMN min_quantity       bigint   NOT NULL DEFAULT 0,
    ADD COLUMN expire_time_ns     bigint   NOT NULL DEFAULT 0,
    ADD COLUMN post_only_reprice  boolean  NOT NULL DEFAULT false,
    ADD COLUMN tag                bigint   NOT NULL DEFAULT 0,
    ADD COLUMN watermark_price    bigint,
    ADD COLUMN triggered_time_ns  bigint   NOT NULL DEFAULT 0,
    ADD COLUMN displayed_quantity bigint   NOT NULL DEFAULT 0,
    ADD COLUMN working_price      bigint;
COMMENT ON COLUMN order_record.working_price IS 'Where the order stands in the book, if that is not its price.';

CREATE INDEX order_record_live_ix ON order_record (account_id, order_id DESC) WHERE status IN (1, 2, 7);
COMMENT ON INDEX order_record_live_ix IS 'Open orders, those that wait for a price among them.';
