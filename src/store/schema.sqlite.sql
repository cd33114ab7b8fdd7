CREATE TABLE "audit" (
  "id" integer not null primary key autoincrement,
  "at" integer not null,
  "actor" text not null,
  "verb" text not null,
  "target" text not null,
  "reason" text not null,
  "outcome" text not null,
  "detail" text not null,
  "address" text,
  "request_id" text
);
CREATE INDEX "audit_by_target" on "audit" ("target", "id");
CREATE INDEX "audit_by_time" on "audit" ("at");
CREATE TABLE "boot_events" (
  "id" integer not null primary key autoincrement,
  "session_id" text not null,
  "at" integer not null,
  "kind" text not null,
  "mac" text,
  "address" text,
  "machine_id" text,
  "summary" text not null,
  "detail" text not null
);
CREATE INDEX "boot_events_by_kind" on "boot_events" ("kind", "id");
CREATE INDEX "boot_events_by_mac" on "boot_events" ("mac", "id");
CREATE INDEX "boot_events_by_time" on "boot_events" ("at");
CREATE TABLE "boot_sessions" (
  "id" text not null primary key,
  "machine_id" text,
  "started_at" integer not null,
  "phase" text,
  "verdict" text not null,
  "summary" text not null
) without rowid;
CREATE INDEX "boot_sessions_by_machine" on "boot_sessions" ("machine_id", "started_at", "id");
CREATE INDEX "boot_sessions_by_time" on "boot_sessions" ("started_at", "id");
CREATE TABLE "discovered_machines" (
  "mac" text not null primary key,
  "uuid" text,
  "serial" text,
  "manufacturer" text,
  "product" text,
  "arch" text,
  "platform" text,
  "address" text,
  "first_seen_at" integer not null,
  "last_seen_at" integer not null
);
CREATE INDEX "discovered_machines_by_time" on "discovered_machines" ("last_seen_at", "mac");
CREATE TABLE "dns_records" (
  "address" text not null primary key,
  "record" text not null
) without rowid;
CREATE TABLE "fact_changes" (
  "id" integer not null primary key autoincrement,
  "machine_id" text not null,
  "at" integer not null,
  "changes" text not null
);
CREATE INDEX "fact_changes_by_machine" on "fact_changes" ("machine_id", "id");
CREATE INDEX "fact_changes_by_time" on "fact_changes" ("at");
CREATE TABLE "inventories" (
  "name" text not null primary key,
  "put_at" integer not null,
  "put_by" text not null,
  "put_id" text not null,
  "state" text not null
) without rowid;
CREATE TABLE "kept_catalog" (
  "generation" text not null,
  "kept_at" integer not null,
  "content_id" integer not null
);
CREATE TABLE "kept_catalog_parts" (
  "content_id" integer not null,
  "part" integer not null,
  "bytes" blob not null,
  constraint "kept_catalog_parts_key" primary key ("content_id", "part")
);
CREATE TABLE "leases" (
  "address" text not null primary key,
  "subnet_id" text not null,
  "client_key" text not null,
  "chaddr" text not null,
  "state" text not null,
  "client_id" text,
  "hostname" text,
  "relay_info" text,
  "bound_at" integer not null,
  "expires_at" integer not null
) without rowid;
CREATE TABLE "lives" (
  "machine_id" text not null primary key,
  "state" text not null,
  "life" text not null
) without rowid;
CREATE TABLE "local_boots" (
  "kind" text not null,
  "key" text not null,
  "record" text not null,
  constraint "local_boots_key" primary key ("kind", "key")
) without rowid;
CREATE TABLE "machine_facts" (
  "machine_id" text not null primary key,
  "changed_at" integer not null,
  "reported_at" integer not null,
  "facts" text not null
);
CREATE INDEX "machine_facts_by_time" on "machine_facts" ("reported_at");
CREATE TABLE "machines" (
  "source" text not null,
  "id" text not null,
  "record" text not null,
  constraint "machines_key" primary key ("source", "id")
) without rowid;
CREATE TABLE "operations" (
  "id" text not null primary key,
  "created_at" integer not null,
  "record" text not null
);
CREATE TABLE "reports" (
  "id" integer not null primary key autoincrement,
  "machine_id" text not null,
  "at" integer not null,
  "status" text not null,
  "phase" text,
  "message" text not null,
  "detail" text not null
);
CREATE INDEX "reports_by_machine" on "reports" ("machine_id", "id");
CREATE INDEX "reports_by_time" on "reports" ("at");
CREATE TABLE "staged_changes" (
  "put_id" text not null,
  "number" integer not null,
  "change" text not null,
  constraint "staged_changes_key" primary key ("put_id", "number")
) without rowid;
CREATE TABLE "store_owner" (
  "owner" text not null,
  "pid" integer not null,
  "command" text not null,
  "host" text not null,
  "since" integer not null
);
CREATE TABLE "store_probe" (
  "content" blob not null
);
CREATE TABLE "tokens" (
  "id" text not null primary key,
  "record" text not null,
  "last_used_at" integer,
  "last_used_from" text
) without rowid;
CREATE TABLE "transition_counter" (
  "last" integer not null
);
CREATE TABLE "transitions" (
  "number" integer not null primary key,
  "at" integer not null,
  "machine_id" text not null,
  "kind" text not null,
  "source" text not null,
  "detail" text not null
);
CREATE INDEX "transitions_by_machine" on "transitions" ("machine_id", "number");
