-- What a transaction wants done elsewhere, kept until it is. Ids are in the order of commits.
CREATE TABLE outbox (
    outbox_id bigint GENERATED ALWAYS AS IDENTITY,
    destination text NOT NULL,
    key text NOT NULL,
    payload bytea NOT NULL,
    trace_context jsonb NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT outbox_pk PRIMARY KEY (outbox_id)
);
CREATE INDEX outbox_by_destination ON outbox (destination, outbox_id);
