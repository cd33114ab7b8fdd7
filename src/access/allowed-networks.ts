import { BlockList, isIP } from 'node:net';

/** What is wrong with a network in CIDR form, as `10.0.0.0/8` or `2001:db8::/32`; undefined if nothing is. */
export function whyNoNetwork(text: string): string | undefined {
  return parse(text) === undefined
    ? `${text} is not a network; write it as 10.0.0.0/8, 10.0.0.7/32 or 2001:db8::/32`
    : undefined;
}

/** Whether an address is in one of the networks. `networks` are valid. */
export function isInNetworks(address: string, networks: readonly string[]): boolean {
  const list = new BlockList();
  for (const text of networks) {
    const network = parse(text);
    if (network !== undefined) list.addSubnet(network.address, network.prefix, network.family);
  }
  // How an IPv4 client appears on a socket for both families.
  const plain = address.replace(/^::ffff:(?=\d+\.)/, '');
  const family = isIP(plain);
  return family !== 0 && list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

function parse(text: string): { address: string; prefix: number; family: 'ipv4' | 'ipv6' } | undefined {
  const [, address = '', digits = ''] = /^([0-9a-f.:]+)\/(\d{1,3})$/i.exec(text) ?? [];
  const version = isIP(address);
  const prefix = Number(digits);
  if (version === 0 || digits === '' || prefix > (version === 4 ? 32 : 128)) return undefined;
  return { address, prefix, family: version === 4 ? 'ipv4' : 'ipv6' };
}
