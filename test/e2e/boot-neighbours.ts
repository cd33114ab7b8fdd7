import { once } from 'node:events';
import path from 'node:path';
import { type Rack, RACK_ADDRESS, RACK_BRIDGE } from '../../src/lab/rack.ts';

// What Railhead meets on real networks: another DHCP server, and relays.

/** The address of a DHCP server beside Railhead. */
export const DNSMASQ_ADDRESS = '10.77.0.2';
/** The network behind the relay, and the relay's address there. */
export const FAR_CIDR = '10.78.0.0/24';
export const FAR_ROUTER = '10.78.0.1';

const RELAY_ADDRESS = '10.77.0.3';

/**
 * Starts a DHCP server on the rack's switch that only leases addresses, including those of the network behind the
 * relay.
 */
export async function startDnsmasq({ folder, namespace, network }: Rack): Promise<void> {
  const elsewhere = network.addNamespace('dhcp');
  network.connect(namespace, 'port0', elsewhere, 'eth0');
  network.plug(namespace, RACK_BRIDGE, 'port0');
  network.ip('-n', elsewhere, 'address', 'add', `${DNSMASQ_ADDRESS}/24`, 'dev', 'eth0');
  network.ip('-n', elsewhere, 'route', 'add', FAR_CIDR, 'via', RELAY_ADDRESS);
  const dnsmasq = network.start(elsewhere, 'dnsmasq', [
    '--keep-in-foreground',
    '--conf-file=/dev/null',
    '--user=root',
    '--port=0',
    '--log-facility=-',
    `--pid-file=${path.join(folder, 'dnsmasq.pid')}`,
    `--dhcp-leasefile=${path.join(folder, 'dnsmasq.leases')}`,
    '--dhcp-range=10.77.0.100,10.77.0.199,255.255.255.0,1h',
    '--dhcp-range=set:far,10.78.0.100,10.78.0.199,255.255.255.0,1h',
    `--dhcp-option=tag:far,option:router,${FAR_ROUTER}`,
  ]);
  // It reports on standard error that it has started.
  await once(dnsmasq.stderr, 'data');
}

/** Creates a network behind a router that relays DHCP to `servers`, and returns the switch for its machines. */
export async function addRelayedNetwork(
  rack: Rack,
  servers: readonly string[] = [RACK_ADDRESS],
): Promise<{ namespace: string; bridge: string }> {
  const { network, namespace } = rack;
  const relay = network.addNamespace('relay');
  network.connect(namespace, 'port1', relay, 'up0');
  network.plug(namespace, RACK_BRIDGE, 'port1');
  network.ip('-n', relay, 'address', 'add', `${RELAY_ADDRESS}/24`, 'dev', 'up0');
  network.addBridge(relay, 'far0', `${FAR_ROUTER}/24`);
  rack.advertise(relay, 'far0');
  network.ip('-n', namespace, 'route', 'add', FAR_CIDR, 'via', RELAY_ADDRESS);
  await network.run(relay, 'sysctl', ['-q', '-w', 'net.ipv4.ip_forward=1']);
  const dhcrelay = network.start(relay, 'dhcrelay', [
    '-4', '-d', '--no-pid', '-iu', 'up0', '-id', 'far0', ...servers,
  ]); // prettier-ignore
  await once(dhcrelay.stderr, 'data');
  return { namespace: relay, bridge: 'far0' };
}
