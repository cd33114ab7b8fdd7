import { readFile } from 'node:fs/promises';
import type { NetworkInterface } from '../host/network-interfaces.ts';
import { type PortHolder, describeHolders, findPortHolders } from '../host/port-holder.ts';
import { loadSocketCalls } from '../server/udp/socket-calls.ts';
import type { Finding } from './finding.ts';

/** The ports of the boot plane, and their purpose. */
const PORTS = [
  { protocol: 'udp', port: 67, use: 'DHCP' },
  { protocol: 'udp', port: 4011, use: 'PXE boot server' },
  { protocol: 'udp', port: 69, use: 'TFTP' },
] as const;

// From the kernel's <linux/capability.h>.
const CAPABILITIES = [
  { bit: 10, name: 'CAP_NET_BIND_SERVICE', without: 'ports below 1024 cannot be opened' },
  { bit: 13, name: 'CAP_NET_RAW', without: 'kernels before 5.7 do not bind a socket to an interface' },
] as const;

/** The packet size that everything in a boot expects. */
const ETHERNET_MTU = 1500;

/** Checks that the interfaces to serve exist, and their MTU. If `names` is empty: all except loopback. */
export async function checkInterfaces(
  names: readonly string[],
  interfaces: readonly NetworkInterface[],
  readMtu: (name: string) => Promise<number | undefined> = readInterfaceMtu,
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const name of names) {
    if (interfaces.some((one) => one.name === name)) continue;
    const others = interfaces.map((one) => one.name).join(', ') || 'none';
    found.push({
      check: 'interfaces',
      verdict: 'problem',
      text: `there is no interface ${name} that is up and has an IPv4 address (there is: ${others})`,
      remedy: `bring it up and give it an address: ip link set ${name} up; ip addr add ADDRESS/LENGTH dev ${name}`,
    });
  }
  for (const { addresses, name } of selectInterfaces(names, interfaces)) {
    const text = `${name} has ${addresses.join(', ')}`;
    found.push({ check: 'interfaces', verdict: 'ok', text });
    const mtu = await readMtu(name);
    if (mtu === undefined || mtu === ETHERNET_MTU) continue;
    found.push({
      check: 'mtu',
      verdict: 'warning',
      text: `${name} has an MTU of ${mtu}; firmware expects ${ETHERNET_MTU}`,
      remedy:
        mtu < ETHERNET_MTU
          ? `limit the TFTP block size to ${mtu - 32}, or blocks travel in fragments, which firmware may drop`
          : `check that switches and machines use the same MTU, or large packets are lost`,
    });
  }
  return found;
}

/** The interfaces meant by `names`; without names, all except loopback. */
export function selectInterfaces(
  names: readonly string[],
  interfaces: readonly NetworkInterface[],
): NetworkInterface[] {
  return interfaces.filter((one) => (names.length === 0 ? !one.loopback : names.includes(one.name)));
}

/** Checks which processes hold the ports of the boot plane. */
export async function checkPorts(
  findHolders: (protocol: 'udp' | 'tcp', port: number) => Promise<PortHolder[]> = findPortHolders,
): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const { port, protocol, use } of PORTS) {
    const holders = await findHolders(protocol, port);
    const what = `${protocol.toUpperCase()} port ${port} (${use})`;
    const strangers = holders.filter((holder) => !isRailhead(holder));
    if (strangers.length > 0) {
      found.push({
        check: 'ports',
        verdict: 'warning',
        text: `${what} is taken ${describeHolders(strangers)}`,
        remedy: 'stop that program, or keep it and Railhead to different interfaces',
      });
    } else {
      const state = holders.length > 0 ? 'is served by Railhead' : 'is free: Railhead does not serve it now';
      found.push({ check: 'ports', verdict: 'ok', text: `${what} ${state}` });
    }
  }
  return found;
}

function isRailhead({ process: holder }: PortHolder): boolean {
  // The process is called node; its arguments show the program: `node /opt/railhead/bin/railhead.js serve`.
  return holder?.command.some((word) => /(?:^|\/)railhead(?:\.js)?$/.test(word)) === true;
}

/** Checks this user's permissions, and whether sockets of one interface can be opened at all. */
export async function checkPermissions(
  readStatus: () => Promise<string> = () => readFile('/proc/self/status', 'latin1'),
  load: () => Promise<unknown> = loadSocketCalls,
): Promise<Finding[]> {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(await readStatus().catch(() => ''))?.[1];
  const found: Finding[] = [];
  if (effective !== undefined) {
    const bits = BigInt(`0x${effective}`);
    const missing = CAPABILITIES.filter(({ bit }) => (bits & (1n << BigInt(bit))) === 0n);
    for (const { name, without } of missing) {
      found.push({
        check: 'permissions',
        verdict: 'warning',
        text: `this user lacks ${name}: ${without}`,
        remedy: `run as root, or with AmbientCapabilities=${name} in the systemd unit`,
      });
    }
    if (missing.length === 0) {
      found.push({
        check: 'permissions',
        verdict: 'ok',
        text: 'this user may open the ports of the boot plane',
      });
    }
  }
  try {
    await load();
  } catch (error) {
    found.push({
      check: 'permissions',
      verdict: 'warning',
      text: `sockets of one interface are not available: ${error instanceof Error ? error.message : String(error)}`,
      remedy:
        'reinstall the koffi package for this platform, or let systemd open the sockets (BindToDevice=)',
    });
  }
  return found;
}

async function readInterfaceMtu(name: string): Promise<number | undefined> {
  const text = await readFile(`/sys/class/net/${name}/mtu`, 'latin1').catch(() => '');
  return text === '' ? undefined : Number(text);
}
