import type { JsonObject } from '../../json-value.ts';
import { isBooting } from '../client/boot-client.ts';
import type { Exchange } from '../locate/exchange.ts';
import type { SubnetLeases } from '../leases/subnet-leases.ts';
import { type BootAnswer, bootAnswer } from './boot-answer.ts';
import type { BootPlan, FindBootPlan } from './boot-plan.ts';

/** What a client is to boot, in the form that it understands. */
export interface PlannedBoot {
  readonly plan: BootPlan;
  /** Undefined if there is nothing. */
  readonly answer: BootAnswer | undefined;
  /** What the client is about to load; undefined where it loads nothing, or is not a boot client. */
  readonly bootFile?: string | undefined;
  /** Why there is nothing to boot, for the event. */
  readonly noBoot: string;
}

/** Looks up what the client of an exchange is to boot with an address of the subnet; `leases` as for `bootAnswer`. */
export function planBoot(
  { claims, client, identification, mac, packet, serverAddress }: Exchange,
  subnet: SubnetLeases,
  findBootPlan: FindBootPlan,
  leases: boolean,
): PlannedBoot {
  const settings = subnet.compiled.subnet;
  const plan = findBootPlan({
    client,
    ...(mac !== undefined && { mac }),
    identification,
    claims,
    options: packet.message.options,
    subnet: settings,
    serverAddress,
  });
  const answer = plan.boot && bootAnswer(client, plan.boot, settings, serverAddress, leases);
  return {
    plan,
    answer,
    // The record's boot program is also sent to the installed system, which does not load it.
    ...(isBooting(client) && { bootFile: answer?.bootFile }),
    noBoot: plan.reason ?? 'no boot program for this architecture',
  };
}

/** The same for a machine that was stopped because it is in a boot loop. */
export function stopBoot(planned: PlannedBoot): PlannedBoot {
  return {
    ...planned,
    answer: undefined,
    bootFile: undefined,
    noBoot: 'it got the same boot file repeatedly',
  };
}

/** The boot program that the record names. */
export function bootDetail({ client }: Exchange, { answer, bootFile, noBoot }: PlannedBoot): JsonObject {
  return {
    ...(bootFile !== undefined && { bootfile: bootFile }),
    ...(isBooting(client) && answer === undefined && { noBoot }),
  };
}
