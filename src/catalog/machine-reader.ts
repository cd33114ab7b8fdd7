import type { ReportProblem } from '../documents/problem.ts';
import { hostAddressFault } from '../protocol/host-address.ts';
import { parseIpv4 } from '../protocol/ipv4-address.ts';
import { isStationMac, parseMac } from '../protocol/mac-address.ts';
import { isIdentifyingUuid, parseUuid } from '../protocol/machine-uuid.ts';
import { CLIENT_ID_SIZE_MAX } from '../provision/dhcp/client/client-key.ts';
import type { Machine } from '../provision/machines/machine.ts';
import { hexOfIdentifier } from '../provision/selection/labels.ts';
import { isSmbiosPlaceholder } from '../provision/machines/smbios-placeholder.ts';
import type { MachineDocument } from './document-schemas.ts';
import { readDhcpOptions, readDhcpSending, readNetworkOptions } from './read-dhcp-options.ts';

/** Reads a machine's record. Invalid values are reported, and the rest is still read. */
export function readMachine(value: MachineDocument, report: ReportProblem): Machine {
  const macs = asList(value.mac).flatMap((text, index) => {
    const path = typeof value.mac === 'string' ? ['mac'] : ['mac', index];
    const mac = parseMac(text);
    if (mac === undefined || !isStationMac(mac)) {
      report(path, `"${text}" is not a MAC address of a machine; write it as 52:54:00:a1:9c:ae`);
      return [];
    }
    return mac;
  });
  const clientIds = asList(value.client_id).map((text) => {
    const hex = readHex(report, ['client_id'], text, 'client-id');
    if (hex.length > 2 * CLIENT_ID_SIZE_MAX) {
      const message = `a client-id of ${hex.length / 2} bytes is too long: at most ${CLIENT_ID_SIZE_MAX} bytes are supported`;
      report(['client_id'], message);
    }
    return hex;
  });
  const switchPort = value.switch_port && readSwitchPort(value.switch_port, report);
  const uuid = value.uuid === undefined ? undefined : parseUuid(value.uuid);
  if (value.uuid !== undefined && (uuid === undefined || !isIdentifyingUuid(uuid))) {
    report(['uuid'], `"${value.uuid}" is not a UUID that identifies a machine`);
  }
  if (value.serial !== undefined && isSmbiosPlaceholder(value.serial)) {
    report(
      ['serial'],
      `"${value.serial}" is a placeholder of boards without a serial number, and identifies no machine: leave it out`,
    );
  }
  const [address, ...furtherAddresses] = asList(value.address ?? []).flatMap((text, index) => {
    const path = typeof value.address === 'string' ? ['address'] : ['address', index];
    const parsed = parseIpv4(text);
    const fault = parsed && hostAddressFault(parsed);
    if (parsed === undefined) report(path, `"${text}" is not an IPv4 address`);
    else if (fault !== undefined)
      report(path, `must be an address that a machine can have: ${text} ${fault}`);
    return fault === undefined ? (parsed ?? []) : [];
  });
  if (
    asList(value.mac).length === 0 &&
    clientIds.length === 0 &&
    value.uuid === undefined &&
    value.serial === undefined &&
    value.switch_port === undefined
  ) {
    report([], `machine ${value.id} has no identifier: give mac, uuid, serial, client_id or switch_port`);
  }
  const dhcpOptions = readDhcpOptions(value.dhcp_options, report);
  const networkOptions = readNetworkOptions(value.dhcp_options, report);
  const sending = readDhcpSending(value, report);
  return {
    id: value.id,
    macs,
    ...(clientIds.length > 0 && { clientIds }),
    ...(switchPort !== undefined && { switchPort }),
    ...(uuid !== undefined && { uuid }),
    // As the serial numbers that machines send.
    ...(value.serial !== undefined && { serial: value.serial.trim() }),
    labels: value.labels,
    metadata: value.metadata,
    ...(address !== undefined && { address }),
    ...(furtherAddresses.length > 0 && { furtherAddresses }),
    ...(value.hostname !== undefined && { hostname: value.hostname }),
    ...(value.boot_program !== undefined && { bootProgram: value.boot_program }),
    ...(value.local_boot !== undefined && { localBoot: value.local_boot }),
    ...(dhcpOptions.size > 0 && { dhcpOptions }),
    ...(networkOptions.size > 0 && { networkOptions }),
    ...(sending !== undefined && { dhcpSending: sending }),
    ...(value.lease_seconds !== undefined && {
      leaseSeconds: value.lease_seconds === 'infinite' ? Infinity : value.lease_seconds,
    }),
    disabled: value.disabled,
  };
}

function readSwitchPort(
  { circuit_id: circuit, remote_id: remote }: NonNullable<MachineDocument['switch_port']>,
  report: ReportProblem,
): NonNullable<Machine['switchPort']> {
  if (circuit === undefined && remote === undefined) {
    report(['switch_port'], 'name a port by circuit_id, remote_id, or both');
  }
  const read = (key: 'circuit_id' | 'remote_id', text: string): string => {
    if (text.trim() === '') report(['switch_port', key], `the ${key.replace('_', '-')} is empty`);
    return hexOfIdentifier(text.trim());
  };
  return {
    ...(circuit !== undefined && { circuitId: read('circuit_id', circuit) }),
    ...(remote !== undefined && { remoteId: read('remote_id', remote) }),
  };
}

/** Bytes in hex as DHCP compares them: in lower case, without separators. */
function readHex(report: ReportProblem, path: readonly PropertyKey[], text: string, what: string): string {
  const hex = text.replace(/[:\s-]/g, '').toLowerCase();
  if (!/^([0-9a-f]{2})+$/.test(hex)) report(path, `"${text}" is not a ${what} in hex`);
  return hex;
}

function asList(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}
