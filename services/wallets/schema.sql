CREATE FUNCTION public.ledger_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';

END
$$;

CREATE FUNCTION public.ledger_entries_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    IF EXISTS (
        SELECT 1
        FROM new_entry
        JOIN ledger_accounts USING (ledger_account_id)
        GROUP BY new_entry.ledger_transfer_id, ledger_accounts.asset_id
        HAVING sum(new_entry.amount) <> 0
    ) THEN
        RAISE EXCEPTION 'a ledger transfer does not sum to zero' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_balanced_ck';
    END IF;
    IF EXISTS (
        SELECT 1
        FROM new_entry
        JOIN ledger_accounts USING (ledger_account_id)
        JOIN ledger_entries AS newest USING (ledger_account_id)
        WHERE ledger_accounts.kind <> 'external'
          AND newest.balance < 0
          AND newest.version = (
              SELECT max(version) FROM ledger_entries WHERE ledger_account_id = ledger_accounts.ledger_account_id
          )
    ) THEN
        RAISE EXCEPTION 'a ledger account would go below zero' USING ERRCODE = 'check_violation', CONSTRAINT = 'ledger_entries_solvent_ck';
    END IF;
    RETURN NULL;

END
$$;

CREATE TABLE public.assets (
    asset_id integer NOT NULL,
    symbol text NOT NULL,
    engine_scale smallint NOT NULL,
    ledger_scale smallint NOT NULL,
    CONSTRAINT assets_scales_ck CHECK ((((engine_scale >= 0) AND (engine_scale <= ledger_scale)) AND (ledger_scale <= 18)))
);

COMMENT ON TABLE public.assets IS 'What can be owned. Amounts in the ledger have ledger_scale decimals (the chain''s), those of the engine engine_scale.';

CREATE TABLE public.consumer_position (
    consumer text NOT NULL,
    shard integer NOT NULL,
    epoch bigint NOT NULL,
    engine_seq bigint NOT NULL,
    event_index bigint NOT NULL
);

CREATE TABLE public.engine_transfers (
    transfer_seq bigint NOT NULL,
    direction text NOT NULL,
    account_id bigint NOT NULL,
    asset_id integer NOT NULL,
    amount bigint NOT NULL,
    request_id text NOT NULL,
    state text NOT NULL,
    engine_seq bigint,
    reason text,
    create_time timestamp with time zone NOT NULL,
    CONSTRAINT engine_transfers_amount_ck CHECK ((amount > 0)),
    CONSTRAINT engine_transfers_direction_ck CHECK ((direction = ANY (ARRAY['in'::text, 'out'::text]))),
    CONSTRAINT engine_transfers_outcome_ck CHECK (((state = 'requested'::text) = (engine_seq IS NULL))),
    CONSTRAINT engine_transfers_reason_ck CHECK (((state = 'refused'::text) = (reason IS NOT NULL))),
    CONSTRAINT engine_transfers_state_ck CHECK ((state = ANY (ARRAY['requested'::text, 'applied'::text, 'refused'::text])))
);

COMMENT ON TABLE public.engine_transfers IS 'Transfers to and from the engine: transfer_seq is contiguous from 1, amounts have engine_scale decimals.';

CREATE TABLE public.ledger_accounts (
    ledger_account_id bigint NOT NULL,
    kind text NOT NULL,
    account_id bigint NOT NULL,
    asset_id integer NOT NULL,
    CONSTRAINT ledger_accounts_kind_ck CHECK ((kind = ANY (ARRAY['external'::text, 'in_transit'::text, 'trading'::text, 'revenue'::text]))),
    CONSTRAINT ledger_accounts_owner_ck CHECK (((account_id = 0) = (kind = ANY (ARRAY['external'::text, 'revenue'::text]))))
);

COMMENT ON TABLE public.ledger_accounts IS 'external: the world outside. in_transit: between ledger and engine. trading: inside the engine. revenue: fees earned. account_id 0 is the venue.';

ALTER TABLE public.ledger_accounts ALTER COLUMN ledger_account_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.ledger_accounts_ledger_account_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.ledger_entries (
    ledger_account_id bigint NOT NULL,
    version bigint NOT NULL,
    ledger_transfer_id bigint NOT NULL,
    kind text NOT NULL,
    amount numeric(38,0) NOT NULL,
    balance numeric(38,0) NOT NULL,
    CONSTRAINT ledger_entries_amount_ck CHECK ((amount <> (0)::numeric)),
    CONSTRAINT ledger_entries_kind_ck CHECK ((kind = ANY (ARRAY['transfer'::text, 'trade'::text, 'fee'::text])))
);

COMMENT ON COLUMN public.ledger_entries.balance IS 'The account''s balance after this entry.';

CREATE TABLE public.ledger_transfers (
    ledger_transfer_id bigint NOT NULL,
    cause text NOT NULL,
    trade_ids bigint[] NOT NULL,
    create_time timestamp with time zone NOT NULL
);

COMMENT ON COLUMN public.ledger_transfers.cause IS 'What caused it, booked once for good: fund:SEQ, or engine:SHARD:EPOCH:ENGINE_SEQ.';

ALTER TABLE public.ledger_transfers ALTER COLUMN ledger_transfer_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.ledger_transfers_ledger_transfer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.outbox (
    outbox_id bigint NOT NULL,
    destination text NOT NULL,
    key text NOT NULL,
    payload bytea NOT NULL,
    trace_context jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.outbox ALTER COLUMN outbox_id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.outbox_outbox_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY public.assets
    ADD CONSTRAINT assets_pk PRIMARY KEY (asset_id);

ALTER TABLE ONLY public.assets
    ADD CONSTRAINT assets_symbol_uq UNIQUE (symbol);

ALTER TABLE ONLY public.consumer_position
    ADD CONSTRAINT consumer_position_pk PRIMARY KEY (consumer, shard);

ALTER TABLE ONLY public.engine_transfers
    ADD CONSTRAINT engine_transfers_pk PRIMARY KEY (transfer_seq);

ALTER TABLE ONLY public.engine_transfers
    ADD CONSTRAINT engine_transfers_request_uq UNIQUE (account_id, request_id);

ALTER TABLE ONLY public.ledger_accounts
    ADD CONSTRAINT ledger_accounts_pk PRIMARY KEY (ledger_account_id);

ALTER TABLE ONLY public.ledger_accounts
    ADD CONSTRAINT ledger_accounts_uq UNIQUE (kind, account_id, asset_id);

ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_pk PRIMARY KEY (ledger_account_id, version);

ALTER TABLE ONLY public.ledger_transfers
    ADD CONSTRAINT ledger_transfers_cause_uq UNIQUE (cause);

ALTER TABLE ONLY public.ledger_transfers
    ADD CONSTRAINT ledger_transfers_pk PRIMARY KEY (ledger_transfer_id);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pk PRIMARY KEY (outbox_id);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pk PRIMARY KEY (version);

CREATE INDEX ledger_entries_by_transfer ON public.ledger_entries USING btree (ledger_transfer_id);

CREATE INDEX outbox_by_destination ON public.outbox USING btree (destination, outbox_id);

CREATE TRIGGER ledger_entries_append_only_tr BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_entries FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_append_only();

CREATE TRIGGER ledger_entries_check_tr AFTER INSERT ON public.ledger_entries REFERENCING NEW TABLE AS new_entry FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_entries_check();

CREATE TRIGGER ledger_transfers_append_only_tr BEFORE DELETE OR UPDATE OR TRUNCATE ON public.ledger_transfers FOR EACH STATEMENT EXECUTE FUNCTION public.ledger_append_only();

ALTER TABLE ONLY public.engine_transfers
    ADD CONSTRAINT engine_transfers_asset_fk FOREIGN KEY (asset_id) REFERENCES public.assets(asset_id);

ALTER TABLE ONLY public.ledger_accounts
    ADD CONSTRAINT ledger_accounts_asset_fk FOREIGN KEY (asset_id) REFERENCES public.assets(asset_id);

ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_account_fk FOREIGN KEY (ledger_account_id) REFERENCES public.ledger_accounts(ledger_account_id);

ALTER TABLE ONLY public.ledger_entries
    ADD CONSTRAINT ledger_entries_transfer_fk FOREIGN KEY (ledger_transfer_id) REFERENCES public.ledger_transfers(ledger_transfer_id);
