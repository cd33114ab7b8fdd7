import type { Labels } from '../../selection/labels.ts';
import type { BootPlanQuery } from './boot-plan.ts';

/**
 * The labels by which a group can select a DHCP client: what its packet says of it, before anything that its record
 * adds. Over HTTP a machine tells more (`serial`, `product`, whatever its URL has).
 */
export function dhcpLabels({ client, identification, mac }: BootPlanQuery): Labels {
  const labels = new Map<string, string>();
  const known = mac ?? identification.machine?.macs[0];
  if (known !== undefined) labels.set('mac', known);
  if (client.uuid !== undefined) labels.set('uuid', client.uuid);
  return labels;
}
