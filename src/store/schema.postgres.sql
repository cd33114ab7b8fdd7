CREATE TABLE public.audit (
    id bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    actor text NOT NULL,
    verb text NOT NULL,
    target text NOT NULL,
    reason text NOT NULL,
    outcome text NOT NULL,
    detail json NOT NULL,
    address text,
    request_id text
);
ALTER TABLE public.audit ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.audit_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.boot_events (
    id bigint NOT NULL,
    session_id text NOT NULL,
    at timestamp with time zone NOT NULL,
    kind text NOT NULL,
    mac text,
    address text,
    machine_id text,
    summary text NOT NULL,
    detail json NOT NULL
);
ALTER TABLE public.boot_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.boot_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.boot_sessions (
    id text NOT NULL,
    machine_id text,
    started_at timestamp with time zone NOT NULL,
    phase text,
    verdict text NOT NULL,
    summary json NOT NULL
);
CREATE TABLE public.discovered_machines (
    mac text NOT NULL COLLATE pg_catalog."C",
    uuid text,
    serial text,
    manufacturer text,
    product text,
    arch text,
    platform text,
    address text,
    first_seen_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL
);
CREATE TABLE public.dns_records (
    address text NOT NULL,
    record json NOT NULL
);
CREATE TABLE public.fact_changes (
    id bigint NOT NULL,
    machine_id text NOT NULL,
    at timestamp with time zone NOT NULL,
    changes json NOT NULL
);
ALTER TABLE public.fact_changes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.fact_changes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.inventories (
    name text NOT NULL,
    put_at timestamp with time zone NOT NULL,
    put_by text NOT NULL,
    put_id text NOT NULL,
    state text NOT NULL
);
CREATE TABLE public.kept_catalog (
    generation text NOT NULL,
    kept_at timestamp with time zone NOT NULL,
    content_id bigint NOT NULL
);
CREATE TABLE public.kept_catalog_parts (
    content_id bigint NOT NULL,
    part integer NOT NULL,
    bytes bytea NOT NULL
);
CREATE TABLE public.leases (
    address text NOT NULL,
    subnet_id text NOT NULL,
    client_key text NOT NULL,
    chaddr text NOT NULL,
    state text NOT NULL,
    client_id text,
    hostname text,
    relay_info text,
    bound_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
CREATE TABLE public.lives (
    machine_id text NOT NULL,
    state text NOT NULL,
    life json NOT NULL
);
CREATE TABLE public.local_boots (
    kind text NOT NULL,
    key text NOT NULL,
    record json NOT NULL
);
CREATE TABLE public.machine_facts (
    machine_id text NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    reported_at timestamp with time zone NOT NULL,
    facts json NOT NULL
);
CREATE TABLE public.machines (
    source text NOT NULL COLLATE pg_catalog."C",
    id text NOT NULL COLLATE pg_catalog."C",
    record json NOT NULL
);
CREATE TABLE public.operations (
    id text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    record json NOT NULL
);
CREATE TABLE public.reports (
    id bigint NOT NULL,
    machine_id text NOT NULL,
    at timestamp with time zone NOT NULL,
    status text NOT NULL,
    phase text,
    message text NOT NULL,
    detail json NOT NULL
);
ALTER TABLE public.reports ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.reports_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);
CREATE TABLE public.staged_changes (
    put_id text NOT NULL,
    number integer NOT NULL,
    change json NOT NULL
);
CREATE TABLE public.store_owner (
    owner text NOT NULL,
    pid integer NOT NULL,
    command text NOT NULL,
    host text NOT NULL,
    since timestamp with time zone NOT NULL
);
CREATE TABLE public.store_probe (
    content bytea NOT NULL
);
CREATE TABLE public.tokens (
    id text NOT NULL,
    record json NOT NULL,
    last_used_at timestamp with time zone,
    last_used_from text
);
CREATE TABLE public.transition_counter (
    last bigint NOT NULL
);
CREATE TABLE public.transitions (
    number bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    machine_id text NOT NULL,
    kind text NOT NULL,
    source text NOT NULL,
    detail json NOT NULL
);
CREATE TABLE public.write_fences (
    aggregate text NOT NULL,
    token text NOT NULL
);
ALTER TABLE ONLY public.audit
    ADD CONSTRAINT audit_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.boot_events
    ADD CONSTRAINT boot_events_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.boot_sessions
    ADD CONSTRAINT boot_sessions_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.discovered_machines
    ADD CONSTRAINT discovered_machines_pkey PRIMARY KEY (mac);
ALTER TABLE ONLY public.dns_records
    ADD CONSTRAINT dns_records_pkey PRIMARY KEY (address);
ALTER TABLE ONLY public.fact_changes
    ADD CONSTRAINT fact_changes_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.inventories
    ADD CONSTRAINT inventories_pkey PRIMARY KEY (name);
ALTER TABLE ONLY public.kept_catalog_parts
    ADD CONSTRAINT kept_catalog_parts_key PRIMARY KEY (content_id, part);
ALTER TABLE ONLY public.leases
    ADD CONSTRAINT leases_pkey PRIMARY KEY (address);
ALTER TABLE ONLY public.lives
    ADD CONSTRAINT lives_pkey PRIMARY KEY (machine_id);
ALTER TABLE ONLY public.local_boots
    ADD CONSTRAINT local_boots_key PRIMARY KEY (kind, key);
ALTER TABLE ONLY public.machine_facts
    ADD CONSTRAINT machine_facts_pkey PRIMARY KEY (machine_id);
ALTER TABLE ONLY public.machines
    ADD CONSTRAINT machines_key PRIMARY KEY (source, id);
ALTER TABLE ONLY public.operations
    ADD CONSTRAINT operations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.reports
    ADD CONSTRAINT reports_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.staged_changes
    ADD CONSTRAINT staged_changes_key PRIMARY KEY (put_id, number);
ALTER TABLE ONLY public.tokens
    ADD CONSTRAINT tokens_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.transitions
    ADD CONSTRAINT transitions_pkey PRIMARY KEY (number);
ALTER TABLE ONLY public.write_fences
    ADD CONSTRAINT write_fences_pkey PRIMARY KEY (aggregate);
CREATE INDEX audit_by_target ON public.audit USING btree (target, id);
CREATE INDEX audit_by_time ON public.audit USING btree (at);
CREATE INDEX boot_events_by_kind ON public.boot_events USING btree (kind, id);
CREATE INDEX boot_events_by_mac ON public.boot_events USING btree (mac, id);
CREATE INDEX boot_events_by_time ON public.boot_events USING btree (at);
CREATE INDEX boot_sessions_by_machine ON public.boot_sessions USING btree (machine_id, started_at, id);
CREATE INDEX boot_sessions_by_time ON public.boot_sessions USING btree (started_at, id);
CREATE INDEX discovered_machines_by_time ON public.discovered_machines USING btree (last_seen_at, mac);
CREATE INDEX fact_changes_by_machine ON public.fact_changes USING btree (machine_id, id);
CREATE INDEX fact_changes_by_time ON public.fact_changes USING btree (at);
CREATE INDEX machine_facts_by_time ON public.machine_facts USING btree (reported_at);
CREATE INDEX reports_by_machine ON public.reports USING btree (machine_id, id);
CREATE INDEX reports_by_time ON public.reports USING btree (at);
CREATE INDEX transitions_by_machine ON public.transitions USING btree (machine_id, number);
