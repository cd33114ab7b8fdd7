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
