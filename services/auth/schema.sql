CREATE TABLE public.users (
    user_id uuid NOT NULL,
    account_id bigint NOT NULL,
    email text NOT NULL,
    password_hash text NOT NULL,
    scopes text[] NOT NULL,
    create_time timestamp with time zone NOT NULL,
    CONSTRAINT users_account_ck CHECK ((account_id < ((1)::bigint << 40))),
    CONSTRAINT users_email_ck CHECK ((email = lower(email))),
    CONSTRAINT users_password_hash_ck CHECK ((password_hash ~~ '$argon2id$%'::text))
);

CREATE SEQUENCE public.account_ids
    START WITH 1001
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE public.account_ids OWNED BY public.users.account_id;

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

CREATE TABLE public.refresh_tokens (
    digest bytea NOT NULL,
    session_id uuid NOT NULL,
    expire_time timestamp with time zone NOT NULL,
    spend_time timestamp with time zone,
    CONSTRAINT refresh_tokens_digest_ck CHECK ((octet_length(digest) = 32))
);

CREATE TABLE public.schema_migrations (
    version integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE public.sessions (
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    scopes text[] NOT NULL,
    start_time timestamp with time zone NOT NULL,
    end_time timestamp with time zone,
    end_reason text,
    subaccount_id bigint,
    CONSTRAINT sessions_end_ck CHECK (((end_time IS NULL) = (end_reason IS NULL))),
    CONSTRAINT sessions_end_reason_ck CHECK ((end_reason = ANY (ARRAY['LOGOUT'::text, 'REFRESH_TOKEN_REUSED'::text])))
);

CREATE TABLE public.subaccounts (
    account_id bigint NOT NULL,
    user_id uuid NOT NULL,
    request_id text NOT NULL,
    label text NOT NULL,
    create_time timestamp with time zone NOT NULL,
    CONSTRAINT subaccounts_account_ck CHECK ((account_id >= ((1)::bigint << 40)))
);

ALTER TABLE ONLY public.users ALTER COLUMN account_id SET DEFAULT nextval('public.account_ids'::regclass);

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT outbox_pk PRIMARY KEY (outbox_id);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_pk PRIMARY KEY (digest);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pk PRIMARY KEY (version);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pk PRIMARY KEY (session_id);

ALTER TABLE ONLY public.subaccounts
    ADD CONSTRAINT subaccounts_pk PRIMARY KEY (account_id);

ALTER TABLE ONLY public.subaccounts
    ADD CONSTRAINT subaccounts_request_uq UNIQUE (user_id, request_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_account_uq UNIQUE (account_id);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_email_uq UNIQUE (email);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pk PRIMARY KEY (user_id);

CREATE INDEX outbox_by_destination ON public.outbox USING btree (destination, outbox_id);

CREATE INDEX refresh_tokens_by_session ON public.refresh_tokens USING btree (session_id);

CREATE INDEX sessions_by_user ON public.sessions USING btree (user_id);

ALTER TABLE ONLY public.refresh_tokens
    ADD CONSTRAINT refresh_tokens_session_fk FOREIGN KEY (session_id) REFERENCES public.sessions(session_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_subaccount_fk FOREIGN KEY (subaccount_id) REFERENCES public.subaccounts(account_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_user_fk FOREIGN KEY (user_id) REFERENCES public.users(user_id);

ALTER TABLE ONLY public.subaccounts
    ADD CONSTRAINT subaccounts_user_fk FOREIGN KEY (user_id) REFERENCES public.users(user_id);
