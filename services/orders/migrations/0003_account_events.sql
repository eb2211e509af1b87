-- The private events of every account for its whole life, numbered by the engine: what a private stream is resumed from.

CREATE TABLE account_events (
    account_id     bigint NOT NULL,
    first_seq      bigint NOT NULL,
    last_seq       bigint NOT NULL,
    engine_time_ns bigint NOT NULL,
    events         bytea  NOT NULL,
    CONSTRAINT account_events_pk PRIMARY KEY (account_id, last_seq, engine_time_ns),
    CONSTRAINT account_events_seq_ck CHECK (0 < first_seq AND first_seq <= last_seq)
) PARTITION BY RANGE (engine_time_ns);
ALTER TABLE account_events ALTER COLUMN events SET STORAGE EXTERNAL;
COMMENT ON TABLE account_events IS 'Runs of private events of one account, each run after the one before without a gap. Append-only, a partition a month, made by the writer when it first needs it.';
COMMENT ON COLUMN account_events.engine_time_ns IS 'Time of the last event of the run.';
COMMENT ON COLUMN account_events.events IS 'For each event account_seq, engine_seq and engine_time_ns (64 bits each), a length (32 bits), all little-endian, then exchange.engine.v1.Event.';
