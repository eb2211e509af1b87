-- How far each projection of the engine's events has come; written in the transaction of its effect.
CREATE TABLE consumer_position (
    consumer text NOT NULL,
    shard integer NOT NULL,
    epoch bigint NOT NULL,
    engine_seq bigint NOT NULL,
    event_index bigint NOT NULL,
    CONSTRAINT consumer_position_pk PRIMARY KEY (consumer, shard)
);
