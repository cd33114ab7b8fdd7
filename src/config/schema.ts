import { z } from 'zod';
import { bootPrograms } from './sections/boot-programs.ts';
import { catalog } from './sections/catalog.ts';
import { dhcp } from './sections/dhcp.ts';
import { dnsUpdates } from './sections/dns-updates.ts';
import { http } from './sections/http.ts';
import { inventories } from './sections/inventories.ts';
import { lifecycle } from './sections/lifecycle.ts';
import { log } from './sections/log.ts';
import { networks, servedNetworks } from './sections/networks.ts';
import { operator } from './sections/operator.ts';
import { store } from './sections/store.ts';
import { tftp } from './sections/tftp.ts';
import { pollSeconds, unmatched } from './sections/unmatched.ts';
import { webhooks } from './sections/webhooks.ts';

/**
 * Every setting, with its default and description, in one file for each section in sections/. docs/configuration.md is
 * generated from this.
 */
export const settingsSchema = z.strictObject({
  catalog,
  http,
  operator,
  tftp,
  boot_programs: bootPrograms,
  dhcp,
  networks,
  served_networks: servedNetworks,
  dns_updates: dnsUpdates,
  webhooks,
  store,
  lifecycle,
  inventories,
  unmatched,
  poll_seconds: pollSeconds,
  log,
});

/** All settings, validated, with defaults. Contains no secrets. */
export type Settings = z.output<typeof settingsSchema>;
