-- Orders that follow the book, that only reduce, and that came by a session. A writer of the release before leaves the
-- defaults.

ALTER TABLE order_record
    ADD COLUMN reduce_only        boolean  NOT NULL DEFAULT false,
    ADD COLUMN peg_reference      smallint NOT NULL DEFAULT 0,
    ADD COLUMN peg_offset_ticks   bigint   NOT NULL DEFAULT 0,
    ADD COLUMN session_id         bigint   NOT NULL DEFAULT 0,
    ADD COLUMN survive_disconnect boolean  NOT NULL DEFAULT false;
