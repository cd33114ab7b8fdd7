import { isIP } from 'node:net';
import { z } from 'zod';
import { OPTION_TYPES, parseOptionValue, reservedOptionReason } from '../protocol/dhcp/option-value.ts';
import type { Endpoint } from '../protocol/endpoint.ts';
import { ipv4ToNumber, parseIpv4 } from '../protocol/ipv4-address.ts';
import { parseCidr } from '../protocol/ipv4-cidr.ts';
import type { AddressRange, OptionSetting } from '../provision/dhcp/subnets/subnet.ts';

const ipv4 = z.string().transform((text, context) => {
  const address = parseIpv4(text);
  if (address !== undefined) return address;
  context.addIssue(`"${text}" is not an IPv4 address`);
  return z.NEVER;
});

const cidr = z.string().transform((text, context) => {
  const network = parseCidr(text);
  if (network !== undefined) return network;
  context.addIssue(`"${text}" is not a network; write it as 10.0.1.0/24, with the host bits zero`);
  return z.NEVER;
});

const anyCidr = z.string().refine(
  (text) => {
    const [, address = '', prefix] = /^(.*)\/(\d{1,3})$/.exec(text) ?? [];
    const version = isIP(address);
    return version !== 0 && Number(prefix) <= (version === 6 ? 128 : 32);
  },
  { error: ({ input }) => `"${String(input)}" is not a network; write it as 10.0.1.0/24 or 2001:db8:1::/64` },
);

const range = z.string().transform((text, context): AddressRange => {
  const [first, last, ...rest] = text.split('-').map((part) => parseIpv4(part.trim()));
  if (
    first !== undefined &&
    last !== undefined &&
    rest.length === 0 &&
    ipv4ToNumber(first) <= ipv4ToNumber(last)
  ) {
    return { first, last };
  }
  context.addIssue(`"${text}" is not a range; write it as 10.0.1.100-10.0.1.200`);
  return z.NEVER;
});

const endpoint = z.string().transform((text, context): Endpoint => {
  const [, bracketed, plain, port = ''] = /^(?:\[([0-9a-f:.]+)\]|([0-9.]+)):(\d{1,5})$/i.exec(text) ?? [];
  const host = bracketed ?? (plain === undefined ? undefined : parseIpv4(plain));
  if (host !== undefined && Number(port) <= 65535) return { host, port: Number(port) };
  context.addIssue(`"${text}" is not an address and port; write it as 0.0.0.0:8080 or [::1]:8080`);
  return z.NEVER;
});

const origin = z
  .string()
  .regex(/^https?:\/\/[^/?#\s]+$/, 'write it as http://10.0.0.2:8080, without a path')
  .transform((text) => text.replace(/\/$/, ''));

const dhcpOption = z
  .strictObject({
    code: z.int().describe('Option code, 1 to 254.'),
    type: z.enum(OPTION_TYPES).describe('How the value is written on the wire.'),
    value: z.unknown().describe('The value, in the form its type takes.'),
  })
  .transform(({ code, type, value }, context): OptionSetting => {
    const reserved = reservedOptionReason(code);
    if (reserved !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['code'],
        message: `option ${code} cannot be set here: ${reserved}`,
      });
      return z.NEVER;
    }
    try {
      return { code, value: parseOptionValue(type, value) };
    } catch (error) {
      context.addIssue({ code: 'custom', path: ['value'], message: (error as Error).message });
      return z.NEVER;
    }
  });

const seconds = z.int().min(1).max(0xffff_fffe);
/** RFC 2131 section 3.3: a lease may have no end. */
const leaseSeconds = z
  .union([seconds, z.literal('infinite')])
  .transform((value) => (value === 'infinite' ? Infinity : value));

const subnet = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9._-]+$/, 'an id has letters, digits, dots, dashes and underscores')
    .describe('Unique name.')
    .meta({ example: 'rack1' }),
  cidr: cidr.describe('The network. Networks do not overlap.').meta({ example: '10.0.1.0/24' }),
  mode: z
    .enum(['full', 'proxy', 'auto', 'off'])
    .describe(
      '`full`: Railhead leases addresses. `proxy`: another server leases, Railhead says what to boot. `auto`: decided packet by packet. `off`: no answer.',
    )
    .meta({ example: 'full' }),
  pools: z
    .array(range)
    .prefault([])
    .describe('Ranges of addresses for clients without a reservation.')
    .meta({ example: '["10.0.1.100-10.0.1.200"]' }),
  exclude: z
    .array(range)
    .prefault([])
    .describe('Parts of the pools that are never given out.')
    .meta({ example: '["10.0.1.110-10.0.1.119"]' }),
  routers: z
    .array(ipv4)
    .prefault([])
    .describe('Default gateways (option 3).')
    .meta({ example: '[10.0.1.1]' }),
  dns: z.array(ipv4).prefault([]).describe('Name servers (option 6).').meta({ example: '[10.0.0.53]' }),
  ntp: z.array(ipv4).prefault([]).describe('Time servers (option 42).').meta({ example: '[10.0.0.1]' }),
  domain: z.string().optional().describe('Domain name (option 15).').meta({ example: 'rack1.example.com' }),
  options: z
    .array(dhcpOption)
    .prefault([])
    .describe('Further DHCP options.')
    .meta({ example: '[{code: 26, type: uint16, value: 9000}]' }),
  server_address: ipv4
    .optional()
    .describe(
      "Railhead's own address as this network sees it; found by itself where the interface has one in it.",
    )
    .meta({ example: '10.0.1.2' }),
  next_server: ipv4
    .optional()
    .describe('Where the TFTP server is, if not here.')
    .meta({ example: '10.0.1.3' }),
  authoritative: z
    .boolean()
    .optional()
    .describe(
      'Whether to refuse addresses that do not belong here. By default where Railhead leases from a pool.',
    )
    .meta({ example: 'true' }),
  lease_seconds: leaseSeconds
    .prefault(3600)
    .describe('Lease time of installed systems, in seconds, or `infinite`.')
    .meta({ example: '86400' }),
  boot_lease_seconds: seconds.prefault(600).describe('Lease time of firmware and iPXE, which never renew.'),
  relays: z
    .array(ipv4)
    .prefault([])
    .describe('Relay addresses outside the network that pass on its requests.')
    .meta({ example: '[10.9.0.1]' }),
  shared_network: z
    .string()
    .optional()
    .describe('Networks with the same name here are on one link.')
    .meta({ example: 'floor2' }),
  allow_unknown: z
    .enum(['discover', 'ignore'])
    .prefault('discover')
    .describe('Whether machines that no record knows are answered.'),
  allow_auto_full: z
    .boolean()
    .prefault(false)
    .describe('In mode `auto`, whether Railhead may lease while it has seen no other server.'),
  require_sole_server: z
    .boolean()
    .prefault(false)
    .describe('Whether to answer known machines only while another DHCP server is around.'),
  uefi_proxy_style: z
    .enum(['binl', 'discovery8'])
    .prefault('binl')
    .describe('How UEFI firmware is sent on in proxy mode: by port 4011, or at once by option 43.'),
  pxe_prompt: z
    .boolean()
    .prefault(false)
    .describe('Whether option 43 brings a menu prompt along, without which some old ROMs boot nothing.'),
  intel_reply_request: z
    .boolean()
    .prefault(false)
    .describe('Whether mode `proxy` answers the DHCPREQUEST of BIOS firmware too, as old Intel ROMs want.'),
  skip_octet_edges: z
    .boolean()
    .prefault(true)
    .describe('Whether addresses that end in .0 and .255 are left out of the pools.'),
});

/** Every setting, with its default and what it means. docs/configuration.md is made from this. */
export const settingsSchema = z.strictObject({
  catalog: z
    .strictObject({
      dir: z
        .string()
        .prefault('.')
        .describe('The directory that holds `profiles/`, `groups/`, `machines/` and `assets/`.'),
      watch: z.boolean().prefault(true).describe('Whether edits take effect by themselves.'),
    })
    .prefault({}),
  http: z
    .strictObject({
      listen: z
        .array(endpoint)
        .prefault(['0.0.0.0:8080'])
        .describe('Where machines reach the boot plane.')
        .meta({ example: '["10.0.1.2:8080"]' }),
      public_url: origin
        .optional()
        .describe(
          'The origin that machines reach the boot plane by, where it differs from the address they ask. By default each is answered with the address it asked.',
        )
        .meta({ example: 'http://10.0.1.2:8080' }),
      trusted_proxies: z
        .array(cidr)
        .prefault([])
        .describe('Networks whose X-Forwarded-For is believed.')
        .meta({ example: '[10.0.9.0/24]' }),
      connections: z
        .int()
        .min(1)
        .prefault(10_000)
        .describe('Connections at once, of each address in `listen`.'),
      requests_per_source: z
        .int()
        .min(1)
        .prefault(50_000)
        .describe('Requests a second from one address; more are told to come back later.'),
    })
    .prefault({}),
  operator: z
    .strictObject({
      listen: endpoint
        .nullable()
        .prefault('127.0.0.1:8081')
        .describe(
          'Where people and systems reach the API; `null` for nowhere. Anything but loopback needs a token.',
        )
        .meta({ example: '127.0.0.1:8081' }),
      token_file: z
        .string()
        .optional()
        .describe('File with the bearer token that the API asks for.')
        .meta({ example: '/etc/railhead/token' }),
    })
    .prefault({}),
  tftp: z
    .strictObject({
      enabled: z
        .boolean()
        .prefault(false)
        .describe('Whether to answer TFTP. Port 69 needs root or CAP_NET_BIND_SERVICE.')
        .meta({ example: 'true' }),
      listen: z
        .array(ipv4)
        .prefault([])
        .describe('Addresses to answer on; all of this host by default, also those that come later.')
        .meta({ example: '[10.0.1.2]' }),
      port: z.int().min(0).max(65535).prefault(69).describe('The port that requests come to.'),
      roots: z
        .array(z.string())
        .prefault([])
        .describe('Directories whose files are served beside the boot programs.')
        .meta({ example: '[/srv/tftp]' }),
      link_targets: z
        .array(z.string())
        .prefault([])
        .describe('Directories that links in `roots` may lead to; other links out of them are refused.')
        .meta({ example: '[/srv/images]' }),
      single_port: z
        .boolean()
        .prefault(false)
        .describe(
          'Whether transfers stay on the port of the request, for firewalls and address translation.',
        ),
      port_range: z
        .tuple([z.int().min(1), z.int().max(65535)])
        .optional()
        .describe('Ports that transfers use; any free one by default.')
        .meta({ example: '[30000, 31999]' }),
      transfers: z.int().min(1).prefault(2000).describe('Transfers at once.'),
      transfers_per_client: z
        .int()
        .min(1)
        .prefault(32)
        .describe(
          'Transfers at once of one address; more where many machines share one, behind address translation.',
        ),
      requests_per_client: z
        .int()
        .min(1)
        .prefault(20)
        .describe(
          'Requests a second of one address, and three times as many at once. What is over it is not answered.',
        ),
      block_size_max: z
        .int()
        .min(512)
        .max(65464)
        .optional()
        .describe(
          "The largest block, in octets; by default what one packet of the interface's MTU holds, 1468 at 1500.",
        )
        .meta({ example: '1468' }),
      window_size_max: z
        .int()
        .min(1)
        // One more, and where 1 follows 65535 the first and the last block of a window would have the same number.
        .max(65534)
        .prefault(64)
        .describe('The most blocks that are sent before one is acknowledged.'),
      rollover: z
        .literal([0, 1])
        .prefault(0)
        .describe('The block number after 65535: 0 for nearly every client, 1 for a few old ones.'),
      case_insensitive: z
        .boolean()
        .prefault(false)
        .describe(
          'Whether names of files in `roots` may differ in case, as clients of Windows servers expect.',
        ),
    })
    .prefault({}),
  boot_programs: z
    .strictObject({
      dirs: z
        .array(z.string())
        .prefault(['/usr/lib/ipxe', '/boot', '/usr/lib/ipxe/qemu'])
        .describe(
          'Where to look for boot programs such as `undionly.kpxe` and `snponly.efi`, in this order. `assets/boot` comes first.',
        ),
      require_own_ipxe: z
        .boolean()
        .prefault(false)
        .describe(
          'Whether every iPXE first loads the boot program of its architecture, unless its user class begins with `railhead/`, as that of your own build must.',
        ),
    })
    .prefault({}),
  dhcp: z
    .strictObject({
      interfaces: z
        .array(z.string())
        .prefault([])
        .describe('Network interfaces to answer DHCP on. With none, DHCP is off.')
        .meta({ example: '[eth1]' }),
      share_ports: z
        .boolean()
        .prefault(false)
        .describe(
          'Whether another DHCP server of this host may use the same interface, as a proxy beside it needs.',
        )
        .meta({ example: 'true' }),
      identity: z
        .enum(['mac', 'client_id'])
        .prefault('mac')
        .describe('What makes two requests come from one client.'),
      trust_link_selection: z
        .boolean()
        .prefault(false)
        .describe('Whether to believe option 82.5 (RFC 3527) and 82.11 (RFC 5107) of relays.'),
      trust_subnet_selection: z
        .boolean()
        .prefault(false)
        .describe('Whether to believe option 118 (RFC 3011).'),
      trust_option_82_without_relay: z
        .boolean()
        .prefault(false)
        .describe(
          'Whether to accept option 82 in packets without `giaddr`, as switches that snoop send them.',
        ),
      strict_relay_source: z
        .boolean()
        .prefault(false)
        .describe("Whether relayed packets must come from their relay's own address."),
      trusted_relays: z
        .array(ipv4)
        .prefault([])
        .describe('Addresses that relays may send from as well, when `strict_relay_source` is set.')
        .meta({ example: '[10.0.9.1]' }),
      bootp: z.boolean().prefault(false).describe('Whether to answer BOOTP clients that have a reservation.'),
      conflict_detection: z
        .enum(['off', 'not-pxe', 'all'])
        .prefault('not-pxe')
        .describe('Whose new addresses are tried on the network before they are offered.'),
      boot_loop: z
        .enum(['report', 'stop'])
        .prefault('report')
        .describe('What to do about a machine that loads the same thing again and again.'),
      packets_per_second: z
        .int()
        .min(1)
        .prefault(100_000)
        .describe('Packets a second in all; more are dropped.'),
      client_packets_per_second: z
        .int()
        .min(1)
        .prefault(20)
        .describe('Packets a second from one hardware address.'),
    })
    .prefault({}),
  networks: z.array(subnet).prefault([]).describe('The networks that Railhead serves.'),
  served_networks: z
    .array(anyCidr)
    .prefault([])
    .describe(
      'Further networks whose machines TFTP and HTTP answer, IPv4 or IPv6. Those of `networks`, those that the host is on and private ones always are answered; everybody else gets nothing from TFTP, and 403 from HTTP.',
    )
    .meta({ example: '["203.0.113.0/24", "2001:db8:1::/64"]' }),
  store: z
    .strictObject({
      file: z
        .string()
        .prefault('data/railhead.db')
        .describe('The SQLite database with leases, discovered machines and boot events.'),
      synchronous: z
        .enum(['full', 'normal'])
        .prefault('full')
        .describe(
          '`full`: an acknowledged lease survives a power cut. `normal`: it survives the process, and answers are faster.',
        ),
      discovered_max: z
        .int()
        .min(1)
        .prefault(50_000)
        .describe('Discovered machines that are kept at most; those seen longest ago go first.'),
      event_days: z.int().min(1).prefault(90).describe('Days that boot events are kept.'),
      events_max: z
        .int()
        .min(1)
        .prefault(5_000_000)
        .describe(
          'Boot events that are kept at most; the oldest go first. Five million take some 2 GB, and are 30 boots of 10,000 machines.',
        ),
    })
    .prefault({}),
  unmatched: z
    .enum(['wait', 'local', 'fail'])
    .prefault('wait')
    .describe(
      'What a machine without a group does: wait and ask again, boot from its disk, or stop with an error.',
    ),
  poll_seconds: z.int().min(1).max(3600).prefault(15).describe('How often a waiting machine asks again.'),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
        .prefault('info')
        .describe('The least serious lines that are written.'),
    })
    .prefault({}),
});

/** All settings, validated, with defaults. Holds no secret. */
export type Settings = z.output<typeof settingsSchema>;
