import type { Logger } from 'pino';
import type { BootDecider } from '../catalog/boot-decider.ts';
import { reviewSettings } from '../config/review-settings.ts';
import type { Settings } from '../config/schema.ts';
import { toDhcpPolicy } from '../config/sections/dhcp.ts';
import { toNamePolicy } from '../config/sections/dns-updates.ts';
import { DhcpEngine } from '../provision/dhcp/dhcp-engine.ts';
import type { LeaseListener } from '../provision/dhcp/leases/lease-event.ts';
import { reviewReservations } from '../provision/dhcp/leases/review-reservations.ts';
import { reviewPools } from '../provision/dhcp/leases/review-pools.ts';
import type { Subnet } from '../provision/dhcp/subnets/subnet.ts';
import type { LocalBoots } from '../machines/local-boots.ts';
import type { MachineRegistry } from '../machines/machine-registry.ts';
import type { BootOrigins } from './boot-origins.ts';
import { type BootPlanParts, composeBootPlan } from './compose-boot-plan.ts';

/** What the DHCP engine depends on. */
export interface DhcpEngineParts {
  readonly settings: Settings;
  readonly subnets: readonly Subnet[];
  readonly decider: BootDecider;
  readonly localBoots: LocalBoots;
  readonly machines: MachineRegistry;
  /** Names of the available boot programs. */
  readonly programs: ReadonlyMap<string, unknown>;
  readonly origins: BootOrigins;
  /** Called when leases expire. */
  readonly leases: LeaseListener;
  readonly log: Logger;
}

/** The DHCP engine for the networks and machines; it follows changes of the machines. */
export function composeDhcpEngine(parts: DhcpEngineParts): DhcpEngine {
  const { decider, leases, localBoots, log, machines, origins, programs, settings, subnets } = parts;
  const plan: BootPlanParts = {
    decider,
    localBoots,
    bootPrograms: {
      found: new Set(programs.keys()),
      byArchitecture: settings.boot_programs.by_arch,
      requireOwnIpxe: settings.boot_programs.require_own_ipxe,
    },
    originFor: (serverAddress) => origins.originFor(serverAddress),
  };
  const names = toNamePolicy(settings.dns_updates);
  const engine = new DhcpEngine({
    subnets,
    policy: { ...toDhcpPolicy(settings.dhcp), ...(names !== undefined && { names }) },
    leaseExpired: (lease) => leases.leaseChanged({ kind: 'expired', lease }),
    reservations: machines,
    findBootPlan: (query) => composeBootPlan(plan, query),
  });
  for (const { message, path } of reviewSettings(settings)) log.warn({ setting: path.join('.') }, message);
  const reviewMachines = (): void => {
    const declared = [...machines.machines()];
    for (const warning of reviewReservations(declared, subnets)) log.warn(warning);
    for (const { message } of reviewPools(declared, subnets)) log.warn(message);
  };
  reviewMachines();
  machines.onChange(() => engine.reservationsChanged());
  machines.onDeclared(reviewMachines);
  return engine;
}
