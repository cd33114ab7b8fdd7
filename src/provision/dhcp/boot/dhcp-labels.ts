import type { Labels } from '../../selection/labels.ts';
import { addClientLabels } from '../client/client-labels.ts';
import { readHostName } from '../client/host-name.ts';
import type { BootPlanQuery } from './boot-plan.ts';

/**
 * The labels by which a group can select a DHCP client: those from its packet, to which its record adds others. Labels
 * that are costly to read are included only if selectors name them (`wanted`). Over HTTP a machine sends more
 * (`serial`, `product` and any other query parameter).
 */
export function dhcpLabels(
  { claims, client, identification, mac, options, subnet }: Omit<BootPlanQuery, 'serverAddress'>,
  wanted: Pick<ReadonlySet<string>, 'has'>,
): Labels {
  const labels = new Map<string, string>();
  const known = mac ?? identification.machine?.macs[0];
  if (known !== undefined) labels.set('mac', known);
  if (client.uuid !== undefined) labels.set('uuid', client.uuid);
  addClientLabels(
    labels,
    {
      client,
      hostName: options !== undefined && wanted.has('hostname') ? readHostName(options) : undefined,
      circuitId: claims?.circuitId,
      remoteId: claims?.remoteId,
      network: subnet.id,
    },
    wanted,
  );
  return labels;
}
