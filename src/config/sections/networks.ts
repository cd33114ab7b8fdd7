import { z } from 'zod';
import { domainToASCII } from 'node:url';
import { isHostName } from '../../protocol/dhcp/domain-search.ts';
import {
  OptionSettingError,
  type OptionSetting,
  readOptionSetting,
} from '../../protocol/dhcp/option-setting.ts';
import { OPTION_TYPES } from '../../protocol/dhcp/option-value.ts';
import { selectorDocument } from '../../documents/selector-document.ts';
import { defineSubnet, type Pool, type Subnet } from '../../provision/dhcp/subnets/subnet.ts';
import { readSelector } from '../../provision/selection/read-selector.ts';
import { byArchitecture } from './boot-programs.ts';
import { anyCidr, cidr, hostAddress, parseRange, range, rangeFault } from './values.ts';

const dhcpOption = z
  .strictObject({
    code: z.int().describe('Option code, 1 to 254.'),
    type: z
      .enum(OPTION_TYPES)
      .optional()
      .describe(
        'How the value is written on the wire. May be left out where the registry of DHCP options has it.',
      ),
    value: z.unknown().describe('The value, in the form its type takes.'),
  })
  .transform((option, context): OptionSetting => {
    try {
      return readOptionSetting(option);
    } catch (error) {
      if (!(error instanceof OptionSettingError)) throw error;
      context.addIssue({ code: 'custom', path: [error.key], message: error.message });
      return z.NEVER;
    }
  });

/** A domain name for option 15: one name, of letters, digits and hyphens. */
const domainName = z.string().refine((text) => isHostName(text.replace(/\.$/, '')), {
  error: ({ input }) => describeDomainFault(String(input)),
});

function describeDomainFault(text: string): string {
  if (/[\s,;]/.test(text.trim())) {
    return `"${text}" is more than one name: give one, and a search list as {code: 119, value: [a.example.com, b.example.com]} in options`;
  }
  const ascii = domainToASCII(text);
  const hint = ascii !== '' && isHostName(ascii) && ascii !== text ? `; write it as ${ascii}` : '';
  return `"${text}" is not a domain name of letters, digits and hyphens${hint}`;
}

const seconds = z.int().min(1).max(0xffff_fffe);
/** RFC 2131 section 3.3: a lease may be infinite. */
const leaseSeconds = z
  .union([seconds, z.literal('infinite')])
  .transform((value) => (value === 'infinite' ? Infinity : value));

const POOL_FORM =
  'a pool is a range such as 10.0.1.100-10.0.1.200, or {range: 10.0.1.100-10.0.1.200, selector: {vendor_class: yealink}}';

/** A range of addresses, for everybody or for clients with certain labels. */
const pool = z
  .union([z.string(), z.strictObject({ range: z.string(), selector: selectorDocument })], {
    error: POOL_FORM,
  })
  .transform((value, context): Pool => {
    const text = typeof value === 'string' ? value : value.range;
    const addresses = parseRange(text);
    if (addresses === undefined) {
      context.addIssue({
        code: 'custom',
        path: typeof value === 'string' ? [] : ['range'],
        message: rangeFault(text),
      });
      return z.NEVER;
    }
    if (typeof value === 'string') return addresses;
    const selector = readSelector(value.selector, (path, message) =>
      context.addIssue({ code: 'custom', path: [...path], message }),
    );
    if (selector.size > 0) return { ...addresses, selector };
    context.addIssue({
      code: 'custom',
      path: ['selector'],
      message: 'requires nothing: write the range alone for a pool for everybody',
    });
    return z.NEVER;
  });

const network = z.strictObject({
  id: z
    .string()
    .regex(/^[A-Za-z0-9._-]+$/, 'an id has letters, digits, dots, dashes and underscores')
    .describe('Unique name.')
    .meta({ example: 'rack1' }),
  cidr: cidr.describe('The network. Networks do not overlap.').meta({ example: '10.0.1.0/24' }),
  mode: z
    .enum(['full', 'proxy', 'auto', 'off'])
    .describe(
      '`full`: Railhead leases addresses. `proxy`: another server leases, Railhead says what to boot. `auto`: decided for each client. `off`: no answer.',
    )
    .meta({ example: 'full' }),
  pools: z
    .array(pool)
    .prefault([])
    .describe(
      'Ranges of addresses for clients without a reservation. With `selector` a pool is only for clients with these labels (profiles-and-groups.md has the labels and requirements).',
    )
    .meta({
      example:
        '["10.0.1.100-10.0.1.200", {range: 10.0.1.50-10.0.1.99, selector: {vendor_class: {prefix: yealink}}}]',
    }),
  exclude: z
    .array(range)
    .prefault([])
    .describe('Parts of the pools that are never given out.')
    .meta({ example: '["10.0.1.110-10.0.1.119"]' }),
  routers: z
    .array(hostAddress)
    .prefault([])
    .describe('Default gateways (option 3).')
    .meta({ example: '[10.0.1.1]' }),
  dns: z
    .array(hostAddress)
    .prefault([])
    .describe('Name servers (option 6).')
    .meta({ example: '[10.0.0.53]' }),
  ntp: z
    .array(hostAddress)
    .prefault([])
    .describe('Time servers (option 42).')
    .meta({ example: '[10.0.0.1]' }),
  domain: domainName.optional().describe('Domain name (option 15).').meta({ example: 'rack1.example.com' }),
  options: z
    .array(dhcpOption)
    .prefault([])
    .describe('Further DHCP options.')
    .meta({ example: '[{code: 26, type: uint16, value: 9000}]' }),
  vendor_options: z
    .array(
      z.strictObject({
        vendor_class: z.string().min(1).describe('How the vendor class (option 60) of the devices begins.'),
        options: z.array(dhcpOption).describe('Options for these devices, as in `options`.'),
      }),
    )
    .prefault([])
    .describe(
      'Options for the devices of a maker, by how their vendor class (option 60) begins. The first entry that fits is used, and overrides the other options of the network.',
    )
    .meta({
      example:
        '[{vendor_class: ubnt, options: [{code: 43, type: sub-options, value: [{code: 1, type: ip, value: 10.0.0.8}]}]}]',
    }),
  boot_programs: byArchitecture
    .optional()
    .describe(
      'The boot program for an architecture on this network, instead of `boot_programs.by_arch`, in the same form.',
    )
    .meta({ example: '{"7": shimx64.efi}' }),
  server_address: hostAddress
    .optional()
    .describe(
      "Railhead's own address as clients of this network reach it. By default the interface's address in this network.",
    )
    .meta({ example: '10.0.1.2' }),
  next_server: hostAddress
    .optional()
    .describe('The TFTP server, if it is another host.')
    .meta({ example: '10.0.1.3' }),
  authoritative: z
    .boolean()
    .optional()
    .describe(
      'Whether to refuse (DHCPNAK) requests for addresses that do not belong to this network. By default yes where Railhead leases from a pool, else no.',
    )
    .meta({ example: 'true' }),
  lease_seconds: leaseSeconds
    .prefault(3600)
    .describe('Lease time of installed systems, in seconds, or `infinite`.')
    .meta({ example: '86400' }),
  boot_lease_seconds: seconds
    .prefault(600)
    .describe('Lease time of firmware and iPXE in seconds. They never renew or release a lease.'),
  relays: z
    .array(hostAddress)
    .prefault([])
    .describe('Addresses of relays that are outside of this network and relay requests of its clients.')
    .meta({ example: '[10.9.0.1]' }),
  shared_network: z
    .string()
    .optional()
    .describe('Name of the link. Networks with the same name are on one link.')
    .meta({ example: 'floor2' }),
  allow_unknown: z
    .enum(['discover', 'ignore'])
    .prefault('discover')
    .describe('`discover`: machines without a record are served. `ignore`: they get no answer.'),
  allow_auto_full: z
    .boolean()
    .prefault(false)
    .describe('In mode `auto`, whether Railhead may lease while it has seen no other server.'),
  require_sole_server: z
    .boolean()
    .prefault(false)
    .describe(
      'Whether to answer only machines with a record while another DHCP server is seen on the network.',
    ),
  uefi_proxy_style: z
    .enum(['binl', 'discovery8'])
    .prefault('binl')
    .describe(
      'How UEFI firmware gets its boot file in proxy mode: `binl` by a second request to port 4011, `discovery8` at once by option 43.',
    ),
  pxe_prompt: z
    .boolean()
    .prefault(false)
    .describe('Whether option 43 also contains a menu prompt. Some old ROMs boot nothing without it.'),
  intel_reply_request: z
    .boolean()
    .prefault(false)
    .describe('Whether mode `proxy` answers the DHCPREQUEST of BIOS firmware too, as old Intel ROMs want.'),
  skip_octet_edges: z
    .boolean()
    .prefault(true)
    .describe('Whether addresses that end in .0 and .255 are left out of the pools.'),
});

/** `networks`: the networks on which Railhead answers DHCP, and how. */
export const networks = z.array(network).prefault([]).describe('The networks that Railhead serves.');

/** `served_networks`: further networks whose machines TFTP and HTTP answer. */
export const servedNetworks = z
  .array(anyCidr)
  .prefault([])
  .describe(
    'Further networks, IPv4 or IPv6, whose machines TFTP and HTTP serve. Private networks, the networks of `networks` and those that this host is on are always served. All other addresses get no answer from TFTP and 403 from HTTP.',
  )
  .meta({ example: '["203.0.113.0/24", "2001:db8:1::/64"]' });

/** The networks of the settings in the form that the DHCP engine uses. */
export function toSubnets(settings: z.output<typeof networks>): Subnet[] {
  return settings.map((network) =>
    defineSubnet({
      id: network.id,
      cidr: network.cidr,
      mode: network.mode,
      pools: network.pools,
      exclude: network.exclude,
      routers: network.routers,
      dns: network.dns,
      ntp: network.ntp,
      ...(network.domain !== undefined && { domain: network.domain }),
      options: network.options,
      vendorOptions: network.vendor_options.map(({ options, vendor_class: vendorClass }) => ({
        vendorClass,
        options,
      })),
      ...(network.boot_programs !== undefined && { bootPrograms: network.boot_programs }),
      ...(network.server_address !== undefined && { serverAddress: network.server_address }),
      ...(network.next_server !== undefined && { nextServer: network.next_server }),
      ...(network.authoritative !== undefined && { authoritative: network.authoritative }),
      leaseSeconds: network.lease_seconds,
      bootLeaseSeconds: network.boot_lease_seconds,
      relays: network.relays,
      ...(network.shared_network !== undefined && { sharedNetwork: network.shared_network }),
      allowUnknown: network.allow_unknown,
      allowAutoFull: network.allow_auto_full,
      requireSoleServer: network.require_sole_server,
      uefiProxyStyle: network.uefi_proxy_style,
      pxePrompt: network.pxe_prompt,
      intelReplyRequest: network.intel_reply_request,
      skipOctetEdges: network.skip_octet_edges,
    }),
  );
}
