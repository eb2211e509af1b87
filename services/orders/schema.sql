CREATE TABLE public.account_events (
    account_id bigint NOT NULL,
    first_seq bigint NOT NULL,
    last_seq bigint NOT NULL,
    engine_time_ns bigint NOT NULL,
    events bytea NOT NULL,
    CONSTRAINT account_events_seq_ck CHECK (((0 < first_seq) AND (first_seq <= last_seq)))
)
PARTITION BY RANGE (engine_time_ns);

ALTER TABLE ONLY public.account_events ALTER COLUMN events SET STORAGE EXTERNAL;

COMMENT ON TABLE public.account_events IS 'Runs of private events of one account, each run after the one before without a gap. Append-only, a partition a month, made by the writer when it first needs it.';

COMMENT ON COLUMN public.account_events.engine_time_ns IS 'Time of the last event of the run.';

COMMENT ON COLUMN public.account_events.events IS 'For each event account_seq, engine_seq and engine_time_ns (64 bits each), a length (32 bits), all little-endian, then exchange.engine.v1.Event.';

CREATE TABLE public.account_fill (
    order_id bigint NOT NULL,
    trade_id bigint NOT NULL,
    price bigint NOT NULL,
    quantity bigint NOT NULL,
    notional bigint NOT NULL,
    fee bigint NOT NULL,
    liquidity smallint NOT NULL,
    engine_time_ns bigint NOT NULL,
    shard integer NOT NULL,
    epoch bigint NOT NULL,
    engine_seq bigint NOT NULL,
    event_index bigint NOT NULL,
    account_id bigint,
    instrument_id bigint,
    side smallint,
    order_accepted_time_ns bigint
)
PARTITION BY RANGE (engine_time_ns);

COMMENT ON TABLE public.account_fill IS 'One order''s part in one trade. Append-only, a partition a month, made by the writer when it first needs it.';

COMMENT ON COLUMN public.account_fill.engine_time_ns IS 'When it traded; of fills that fill had, when their order was accepted.';

COMMENT ON COLUMN public.account_fill.account_id IS 'Account of the order; null only of what a writer of an older release has just added.';

COMMENT ON COLUMN public.account_fill.order_accepted_time_ns IS 'With account and order, the key of the order''s row.';

CREATE TABLE public.account_order (
    order_id bigint NOT NULL,
    account_id bigint NOT NULL,
    client_order_id text NOT NULL,
    instrument_id bigint NOT NULL,
    side smallint NOT NULL,
    type smallint NOT NULL,
    time_in_force smallint NOT NULL,
    post_only boolean NOT NULL,
    self_trade_prevention smallint NOT NULL,
    price bigint NOT NULL,
    quantity bigint NOT NULL,
    quote_budget bigint NOT NULL,
    cum_quantity bigint NOT NULL,
    leaves_quantity bigint NOT NULL,
    prevented_quantity bigint NOT NULL,
    cancelled_quantity bigint NOT NULL,
    cum_notional bigint NOT NULL,
    cum_fee bigint NOT NULL,
    status smallint NOT NULL,
    end_reason smallint NOT NULL,
    reject_reason text NOT NULL,
    version bigint NOT NULL,
    accepted_time_ns bigint NOT NULL,
    updated_time_ns bigint NOT NULL,
    trigger_price bigint,
    trigger_reference smallint DEFAULT 0 NOT NULL,
    trailing_ticks bigint DEFAULT 0 NOT NULL,
    trailing_bps bigint DEFAULT 0 NOT NULL,
    display_quantity bigint DEFAULT 0 NOT NULL,
    min_quantity bigint DEFAULT 0 NOT NULL,
    expire_time_ns bigint DEFAULT 0 NOT NULL,
    post_only_reprice boolean DEFAULT false NOT NULL,
    tag bigint DEFAULT 0 NOT NULL,
    watermark_price bigint,
    triggered_time_ns bigint DEFAULT 0 NOT NULL,
    displayed_quantity bigint DEFAULT 0 NOT NULL,
    working_price bigint,
    reduce_only boolean DEFAULT false NOT NULL,
    peg_reference smallint DEFAULT 0 NOT NULL,
    peg_offset_ticks bigint DEFAULT 0 NOT NULL,
    session_id bigint DEFAULT 0 NOT NULL,
    survive_disconnect boolean DEFAULT false NOT NULL
)
PARTITION BY RANGE (accepted_time_ns);

COMMENT ON TABLE public.account_order IS 'Each order as its last event left it, refused ones included. A partition for each month of acceptance, made by the writer when it first needs it and kept for good: a client id is found however old it is.';

COMMENT ON COLUMN public.account_order.client_order_id IS 'May come again after the engine has forgotten it: the order with the highest number used it last.';

COMMENT ON COLUMN public.account_order.version IS 'Grows by one with each event of the order, so an event that comes twice changes nothing.';

COMMENT ON COLUMN public.account_order.working_price IS 'Where the order stands in the book, if that is not its price.';

CREATE TABLE public.consumer_position (
    consumer text NOT NULL,
    shard integer NOT NULL,
    epoch bigint NOT NULL,
    engine_seq bigint NOT NULL,
    event_index bigint NOT NULL
);

CREATE TABLE public.fill (
    order_id bigint NOT NULL,
    trade_id bigint NOT NULL,
    price bigint NOT NULL,
    quantity bigint NOT NULL,
    notional bigint NOT NULL,
    fee bigint NOT NULL,
    liquidity smallint NOT NULL,
    shard integer NOT NULL,
    epoch bigint NOT NULL,
    engine_seq bigint NOT NULL,
    event_index bigint NOT NULL
);

COMMENT ON TABLE public.fill IS 'One order''s part in one trade. Append-only.';

CREATE TABLE public.instrument (
    instrument_id bigint NOT NULL,
    symbol text NOT NULL,
    price_scale smallint NOT NULL,
    quantity_scale smallint NOT NULL,
    quote_scale smallint NOT NULL
);

COMMENT ON TABLE public.instrument IS 'What it takes to read the numbers of an order. Nothing here ever changes.';

CREATE TABLE public.order_record (
    order_id bigint NOT NULL,
    account_id bigint NOT NULL,
    client_order_id text NOT NULL,
    instrument_id bigint NOT NULL,
    side smallint NOT NULL,
    type smallint NOT NULL,
    time_in_force smallint NOT NULL,
    post_only boolean NOT NULL,
    self_trade_prevention smallint NOT NULL,
    price bigint NOT NULL,
    quantity bigint NOT NULL,
    quote_budget bigint NOT NULL,
    cum_quantity bigint NOT NULL,
    leaves_quantity bigint NOT NULL,
    prevented_quantity bigint NOT NULL,
    cancelled_quantity bigint NOT NULL,
    cum_notional bigint NOT NULL,
    cum_fee bigint NOT NULL,
    status smallint NOT NULL,
    end_reason smallint NOT NULL,
    reject_reason text NOT NULL,
    version bigint NOT NULL,
    accepted_time_ns bigint NOT NULL,
    updated_time_ns bigint NOT NULL,
    trigger_price bigint,
    trigger_reference smallint DEFAULT 0 NOT NULL,
    trailing_ticks bigint DEFAULT 0 NOT NULL,
    trailing_bps bigint DEFAULT 0 NOT NULL,
    display_quantity bigint DEFAULT 0 NOT NULL,
    min_quantity bigint DEFAULT 0 NOT NULL,
    expire_time_ns bigint DEFAULT 0 NOT NULL,
    post_only_reprice boolean DEFAULT false NOT NULL,
    tag bigint DEFAULT 0 NOT NULL,
    watermark_price bigint,
    triggered_time_ns bigint DEFAULT 0 NOT NULL,
    displayed_quantity bigint DEFAULT 0 NOT NULL,
    working_price bigint,
    reduce_only boolean DEFAULT false NOT NULL,
    peg_reference smallint DEFAULT 0 NOT NULL,
    peg_offset_ticks bigint DEFAULT 0 NOT NULL,
    session_id bigint DEFAULT 0 NOT NULL,
    survive_disconnect boolean DEFAULT false NOT NULL
);

COMMENT ON TABLE public.order_record IS 'Each order as its last event left it, refused ones included. ORDER is a word of SQL, hence the name.';

COMMENT ON COLUMN public.order_record.client_order_id IS 'May come again after the engine has forgotten it: the order with the highest number used it last.';

COMMENT ON COLUMN public.order_record.version IS 'Grows by one with each event of the order, so an event that comes twice changes nothing.';

COMMENT ON COLUMN public.order_record.working_price IS 'Where the order stands in the book, if that is not its price.';

CREATE TABLE public.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.trade_bust (
    trade_id bigint NOT NULL,
    engine_time_ns bigint NOT NULL,
    shard integer NOT NULL,
    epoch bigint NOT NULL,
    engine_seq bigint NOT NULL,
    event_index bigint NOT NULL
);

COMMENT ON TABLE public.trade_bust IS 'Trades that were taken back, by the event that says so. Append-only, and few.';

CREATE TABLE public.twap (
    twap_id bigint NOT NULL,
    account_id bigint NOT NULL,
    client_order_id text NOT NULL,
    fingerprint bigint NOT NULL,
    engine_seq bigint NOT NULL,
    instrument_id bigint NOT NULL,
    side smallint NOT NULL,
    price bigint NOT NULL,
    quantity bigint NOT NULL,
    duration_s integer NOT NULL,
    interval_s integer NOT NULL,
    self_trade_prevention smallint NOT NULL,
    reduce_only boolean NOT NULL,
    tag bigint NOT NULL,
    session_id bigint NOT NULL,
    survive_disconnect boolean NOT NULL,
    start_ns bigint NOT NULL,
    due_ns bigint NOT NULL,
    seen_seq bigint NOT NULL,
    status smallint NOT NULL,
    end_reason smallint NOT NULL,
    reject_reason text NOT NULL,
    cum_quantity bigint NOT NULL,
    prevented_quantity bigint NOT NULL,
    cum_notional bigint NOT NULL,
    cum_fee bigint NOT NULL,
    version bigint NOT NULL,
    passed integer NOT NULL,
    sent integer NOT NULL,
    updated_ns bigint NOT NULL,
    slice_place integer,
    slice_quantity bigint,
    slice_valid_until_ns bigint,
    stop_reason smallint NOT NULL,
    stop_asked_by text NOT NULL,
    stop_engine_seq bigint NOT NULL,
    CONSTRAINT twap_quantity_ck CHECK (((0 <= cum_quantity) AND (0 <= prevented_quantity) AND ((cum_quantity + prevented_quantity) <= quantity))),
    CONSTRAINT twap_slice_ck CHECK ((((slice_place IS NULL) = (slice_quantity IS NULL)) AND ((slice_place IS NULL) = (slice_valid_until_ns IS NULL))))
);

COMMENT ON TABLE public.twap IS 'Each TWAP as it stands, kept for good. Its number to owners is 2^62 + twap_id.';

COMMENT ON COLUMN public.twap.engine_seq IS 'The command that used its client id in the engine, so that no other order has it meanwhile.';

COMMENT ON COLUMN public.twap.due_ns IS 'When it is to be looked at next.';

COMMENT ON COLUMN public.twap.seen_seq IS 'Last private event of the account that it was held against.';

COMMENT ON COLUMN public.twap.slice_place IS 'The slice on its way: decided here before it is sent, and the same however often it is sent.';

CREATE TABLE public.twap_slice (
    twap_id bigint NOT NULL,
    place integer NOT NULL,
    quantity bigint NOT NULL,
    order_id bigint,
    cum_quantity bigint NOT NULL,
    prevented_quantity bigint NOT NULL,
    cum_notional bigint NOT NULL,
    cum_fee bigint NOT NULL,
    reason text NOT NULL
);

COMMENT ON TABLE public.twap_slice IS 'What became of each slice that was sent. Written with the sums of its TWAP, once.';

ALTER TABLE public.twap ALTER COLUMN twap_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.twap_twap_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE ONLY public.account_events
    ADD CONSTRAINT account_events_pk PRIMARY KEY (account_id, last_seq, engine_time_ns);

ALTER TABLE ONLY public.account_fill
    ADD CONSTRAINT account_fill_account_event_uq UNIQUE (account_id, engine_time_ns, shard, epoch, engine_seq, event_index);

COMMENT ON CONSTRAINT account_fill_account_event_uq ON public.account_fill IS 'The identity of the engine''s event, of which account and time are a part: none is written twice. In this order, what an account traded, by time.';

ALTER TABLE ONLY public.account_fill
    ADD CONSTRAINT account_fill_pk PRIMARY KEY (order_id, trade_id, engine_time_ns);

ALTER TABLE ONLY public.account_order
    ADD CONSTRAINT account_order_pk PRIMARY KEY (account_id, order_id, accepted_time_ns);

ALTER TABLE ONLY public.consumer_position
    ADD CONSTRAINT consumer_position_pk PRIMARY KEY (consumer, shard);

ALTER TABLE ONLY public.fill
    ADD CONSTRAINT fill_event_uq UNIQUE (shard, epoch, engine_seq, event_index);

COMMENT ON CONSTRAINT fill_event_uq ON public.fill IS 'The identity of the engine''s event: none is written twice.';

ALTER TABLE ONLY public.fill
    ADD CONSTRAINT fill_pk PRIMARY KEY (order_id, trade_id);

ALTER TABLE ONLY public.instrument
    ADD CONSTRAINT instrument_pk PRIMARY KEY (instrument_id);

ALTER TABLE ONLY public.instrument
    ADD CONSTRAINT instrument_symbol_uq UNIQUE (symbol);

ALTER TABLE ONLY public.order_record
    ADD CONSTRAINT order_record_pk PRIMARY KEY (account_id, order_id);

COMMENT ON CONSTRAINT order_record_pk ON public.order_record IS 'Numbers alone are unique too. All reads are of one account, newest first: with an index on the number alone, the planner would walk through everybody''s orders to find those of a quiet account.';

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pk PRIMARY KEY (version);

ALTER TABLE ONLY public.trade_bust
    ADD CONSTRAINT trade_bust_pk PRIMARY KEY (trade_id);

ALTER TABLE ONLY public.twap
    ADD CONSTRAINT twap_client_order_id_uq UNIQUE (account_id, client_order_id);

COMMENT ON CONSTRAINT twap_client_order_id_uq ON public.twap IS 'A client id makes one TWAP, however long ago: with its fingerprint, the promise that a repeated request acts once.';

ALTER TABLE ONLY public.twap
    ADD CONSTRAINT twap_pk PRIMARY KEY (twap_id);

ALTER TABLE ONLY public.twap_slice
    ADD CONSTRAINT twap_slice_pk PRIMARY KEY (twap_id, place);

CREATE INDEX account_fill_unowned_ix ON ONLY public.account_fill USING btree (order_id) WHERE (account_id IS NULL);

COMMENT ON INDEX public.account_fill_unowned_ix IS 'Fills that still need their account; empty but for the change from the release before.';

CREATE INDEX account_order_client_order_id_ix ON ONLY public.account_order USING btree (account_id, client_order_id, order_id DESC);

CREATE INDEX account_order_live_ix ON ONLY public.account_order USING btree (account_id, order_id DESC) WHERE (status = ANY (ARRAY[1, 2, 7]));

COMMENT ON INDEX public.account_order_live_ix IS 'Open orders, those that wait for a price among them.';

CREATE INDEX account_order_time_ix ON ONLY public.account_order USING btree (account_id, accepted_time_ns, order_id);

COMMENT ON INDEX public.account_order_time_ix IS 'Orders of an account by time, which is also the order of their numbers.';

CREATE INDEX order_record_client_order_id_ix ON public.order_record USING btree (account_id, client_order_id, order_id DESC);

CREATE INDEX order_record_live_ix ON public.order_record USING btree (account_id, order_id DESC) WHERE (status = ANY (ARRAY[1, 2, 7]));

COMMENT ON INDEX public.order_record_live_ix IS 'Open orders, those that wait for a price among them.';

CREATE INDEX order_record_open_ix ON public.order_record USING btree (account_id, order_id DESC) WHERE (status = ANY (ARRAY[1, 2]));

CREATE INDEX twap_account_ix ON public.twap USING btree (account_id, start_ns DESC, twap_id DESC);

CREATE INDEX twap_due_ix ON public.twap USING btree (due_ns) WHERE (status = ANY (ARRAY[1, 2]));

CREATE INDEX twap_open_ix ON public.twap USING btree (account_id, twap_id DESC) WHERE (status = ANY (ARRAY[1, 2]));

CREATE INDEX twap_stopped_ix ON public.twap USING btree (account_id, stop_engine_seq) WHERE (stop_engine_seq <> 0);

ALTER TABLE ONLY public.twap_slice
    ADD CONSTRAINT twap_slice_twap_fk FOREIGN KEY (twap_id) REFERENCES public.twap(twap_id);
