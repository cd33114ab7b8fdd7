import { decodeMessage, decodeRequest } from '../../../src/protocol/dhcp/decode.ts';
import { encodeMessage } from '../../../src/protocol/dhcp/encode.ts';
import type { DhcpMessage } from '../../../src/protocol/dhcp/message.ts';
import { messageTypeName } from '../../../src/protocol/dhcp/option-codes.ts';
import { type Ipv4Address, ipv4ToBytes, parseIpv4 } from '../../../src/protocol/ipv4-address.ts';
import { type Ipv4Cidr, parseCidr } from '../../../src/protocol/ipv4-cidr.ts';
import { type MacAddress, macToBytes, parseMac } from '../../../src/protocol/mac-address.ts';
import type { BootPlan, FindBootPlan } from '../../../src/provision/dhcp/boot/boot-plan.ts';
import {
  changesOf,
  type DhcpDecision,
  type DhcpReply,
} from '../../../src/provision/dhcp/replies/dhcp-decision.ts';
import { DhcpEngine } from '../../../src/provision/dhcp/dhcp-engine.ts';
import type { DhcpPacket } from '../../../src/provision/dhcp/dhcp-packet.ts';
import type { DhcpPolicy } from '../../../src/provision/dhcp/dhcp-policy.ts';
import type { Lease } from '../../../src/provision/dhcp/leases/lease.ts';
import { MachineIndex } from '../../../src/provision/machines/machine-index.ts';
import type { Moment } from '../../../src/provision/dhcp/moment.ts';
import {
  defineSubnet,
  type Subnet,
  type SubnetSettings,
} from '../../../src/provision/dhcp/subnets/subnet.ts';
import type { Machine } from '../../../src/provision/machines/machine.ts';
import { hexBytes } from '../../protocol/dhcp/golden-packets.ts';

export const SERVER = parseIpv4('10.20.0.1')!;
export const ADDRESS = parseIpv4('10.20.0.50')!;
export const ANY = parseIpv4('0.0.0.0')!;

export const ip = (text: string): Ipv4Address => parseIpv4(text)!;
export const cidr = (text: string): Ipv4Cidr => parseCidr(text)!;
export const mac = (text: string): MacAddress => parseMac(text)!;

/** The MAC address of the n-th client. */
export const clientMac = (index: number): MacAddress => mac(`0200${index.toString(16).padStart(8, '0')}`);

/** The one subnet that most tests use: a pool of a hundred addresses from 10.20.0.50. */
export function rackSubnet(settings: Partial<SubnetSettings> = {}): Subnet {
  return defineSubnet({
    id: 'rack',
    cidr: cidr('10.20.0.0/24'),
    mode: 'full',
    pools: [{ first: ip('10.20.0.50'), last: ip('10.20.0.149') }],
    routers: [ip('10.20.0.254')],
    dns: [ip('10.20.0.2')],
    ...settings,
  });
}

/** A machine record with the fields that the test gives. */
export function machine(fields: Partial<Machine> & { readonly id: string }): Machine {
  return { macs: [], labels: {}, metadata: {}, ...fields };
}

/** The boot targets for all clients, unless the test changes them. */
export const STANDARD_PLAN: BootPlan = {
  boot: {
    bootProgram: 'snponly.efi',
    httpBootUrl: 'http://10.20.0.1:8080/boot/snponly.efi',
    scriptUrl: 'http://10.20.0.1:8080/boot.ipxe',
    ownIpxeUrl: 'tftp://10.20.0.1/railhead.efi',
  },
};

/** A request as a test describes it; omitted fields are zero, absent, or those of an ordinary client. */
export interface RequestSpec {
  readonly type?: number;
  readonly mac?: MacAddress;
  readonly xid?: number;
  readonly flags?: number;
  readonly ciaddr?: string;
  readonly giaddr?: string;
  readonly htype?: number;
  /** Option 50. */
  readonly requested?: string;
  /** Option 54. */
  readonly server?: string;
  /** Further options, in hex. */
  readonly options?: Readonly<Record<number, string>>;
  readonly source?: string;
  readonly sourcePort?: number;
  readonly port?: 67 | 4011;
  readonly localAddress?: Ipv4Address;
  readonly linkAddress?: Ipv4Address;
  readonly interface?: string;
}

export const hex = (text: string): string => Buffer.from(text, 'latin1').toString('hex');

/** Options of clients, in hex. */
export const UEFI_PXE = { 93: '0007', 60: hex('PXEClient:Arch:00007:UNDI:003001') };
export const BIOS_PXE = { 93: '0000', 60: hex('PXEClient:Arch:00000:UNDI:002001') };
export const UEFI_HTTP = { 93: '0010', 60: hex('HTTPClient:Arch:00016:UNDI:003000') };
export const IPXE_EFI = { ...UEFI_PXE, 77: hex('iPXE'), 175: 'b105011af41000eb03010000130101150101240101' };
export const IPXE_BIOS = { ...BIOS_PXE, 77: hex('iPXE'), 175: 'eb03010000130101150101180101' };

export interface RigOptions {
  readonly subnets?: readonly Subnet[];
  readonly policy?: Partial<DhcpPolicy>;
  readonly machines?: readonly Machine[];
  readonly plan?: BootPlan | FindBootPlan;
  readonly leases?: readonly Lease[];
  readonly localAddresses?: readonly Ipv4Address[];
  /** Whether the machine records have been read; the test may change `recordsReady` later. */
  readonly recordsReady?: boolean;
  readonly leaseExpired?: (lease: Lease) => void;
}

/** An engine with clocks, a store that is an array, and clients without state. */
export class DhcpRig {
  readonly engine: DhcpEngine;
  /** The committed changes by address, which are what a store would contain. */
  readonly stored = new Map<string, Lease>();
  machines: readonly Machine[];
  recordsReady: boolean;
  #wallMs = Date.UTC(2026, 0, 1);
  #monotonicMs = 1_000_000;

  constructor(options: RigOptions = {}) {
    this.machines = options.machines ?? [];
    this.recordsReady = options.recordsReady ?? true;
    const ready = (): boolean => this.recordsReady;
    const records = (): MachineIndex => new MachineIndex(this.recordsReady ? this.machines : []);
    const { plan } = options;
    this.engine = new DhcpEngine({
      subnets: options.subnets ?? [rackSubnet()],
      policy: { clientPacketsPerSecond: 1e6, conflictDetection: 'off', ...options.policy },
      reservations: {
        get ready() {
          return ready();
        },
        identify: (claims) => records().identify(claims),
        findReserved: (address) => records().findReserved(address),
        findNamed: (hostname) => records().findNamed(hostname),
      },
      findBootPlan: typeof plan === 'function' ? plan : () => plan ?? STANDARD_PLAN,
      ...(options.leaseExpired !== undefined && { leaseExpired: options.leaseExpired }),
    });
    this.engine.setLocalAddresses(options.localAddresses ?? [SERVER]);
    for (const lease of options.leases ?? []) this.stored.set(lease.address, lease);
    this.engine.load(options.leases ?? [], this.now);
  }

  get now(): Moment {
    return { wallMs: this.#wallMs, monotonicMs: this.#monotonicMs };
  }

  /** Advances both clocks. */
  pass(seconds: number): void {
    this.#wallMs += seconds * 1000;
    this.#monotonicMs += seconds * 1000;
  }

  /** Sets the wall clock, as an administrator or NTP does. */
  jump(seconds: number): void {
    this.#wallMs += seconds * 1000;
  }

  /** Passes a packet to the engine and commits the changes. */
  send(spec: RequestSpec): DhcpDecision {
    return this.commit(this.sendUncommitted(spec));
  }

  sendUncommitted(spec: RequestSpec): DhcpDecision {
    this.#tick();
    return this.engine.handle(packetOf(spec), this.now);
  }

  sendBytes(bytes: Uint8Array, spec: RequestSpec = {}): DhcpDecision {
    this.#tick();
    const packet = { ...packetOf(spec), message: decodeRequest(bytes), size: bytes.length };
    return this.commit(this.engine.handle(packet, this.now));
  }

  /** Packets are a millisecond apart, so that no rate limit applies by accident. */
  #tick(): void {
    this.pass(0.001);
  }

  commit(decision: DhcpDecision): DhcpDecision {
    for (const change of changesOf(decision)) {
      if (change.kind === 'put') this.stored.set(change.lease.address, change.lease);
      else this.stored.delete(change.address);
    }
    this.engine.committed(decision, this.now);
    return decision;
  }

  /** DISCOVER and REQUEST of one client; the address that it got, or what went wrong. */
  lease(client: MacAddress, options: Readonly<Record<number, string>> = {}): string {
    const offer = this.send({ type: 1, mac: client, options });
    if (offer.kind !== 'reply') return outcome(offer);
    const ack = this.send({
      type: 3,
      mac: client,
      requested: offer.message.yiaddr,
      server: SERVER,
      options,
    });
    return ack.kind === 'reply' ? ack.message.yiaddr : outcome(ack);
  }
}

export function packetOf(spec: RequestSpec): DhcpPacket {
  const options = new Map<number, Uint8Array>();
  if (spec.type !== undefined) options.set(53, Uint8Array.of(spec.type));
  if (spec.requested !== undefined) options.set(50, ipv4ToBytes(ip(spec.requested)));
  if (spec.server !== undefined) options.set(54, ipv4ToBytes(ip(spec.server)));
  for (const [code, value] of Object.entries(spec.options ?? {})) options.set(Number(code), hexBytes(value));
  const htype = spec.htype ?? 1;
  const message: DhcpMessage = {
    op: 1,
    htype,
    hlen: htype === 32 ? 0 : 6,
    hops: 0,
    xid: spec.xid ?? 0x1a2b3c4d,
    secs: 0,
    flags: spec.flags ?? 0,
    ciaddr: ip(spec.ciaddr ?? '0.0.0.0'),
    yiaddr: ANY,
    siaddr: ANY,
    giaddr: ip(spec.giaddr ?? '0.0.0.0'),
    chaddr: htype === 32 ? new Uint8Array() : macToBytes(spec.mac ?? clientMac(1)),
    sname: '',
    file: '',
    options,
  };
  const source = spec.source ?? spec.giaddr ?? spec.ciaddr ?? '0.0.0.0';
  return {
    message,
    ingress: {
      interface: spec.interface ?? 'eth0',
      localAddress: spec.localAddress ?? SERVER,
      ...(spec.linkAddress !== undefined && { linkAddress: spec.linkAddress }),
      port: spec.port ?? 67,
    },
    source: { address: ip(source), port: spec.sourcePort ?? (spec.giaddr === undefined ? 68 : 67) },
    size: 300,
  };
}

/** The reply; fails with the reason if there is none. */
export function replyOf(decision: DhcpDecision): DhcpReply {
  if (decision.kind !== 'reply') throw new Error(`no reply: ${outcome(decision)}`);
  return decision;
}

/** One line about a decision: `DHCPACK 10.20.0.50`, `release accepted`, or why it was ignored. */
export function outcome(decision: DhcpDecision): string {
  if (decision.kind === 'ignore') return decision.reason;
  if (decision.kind === 'accept') return `${decision.notice} accepted`;
  const { options, yiaddr } = decision.message;
  return `${messageTypeName(options.get(53)?.[0])} ${yiaddr}`;
}

/** The reply, encoded and decoded again. */
export function onWire(decision: DhcpDecision): DhcpMessage {
  const { message, limits } = replyOf(decision);
  return decodeMessage(encodeMessage(message, limits).bytes);
}

/** The options of an encoded reply as hex, without padding. */
export function optionsOnWire(decision: DhcpDecision): string {
  const { message, limits } = replyOf(decision);
  const { bytes } = encodeMessage(message, limits);
  let end = 240;
  while (bytes[end] !== 255) end += 2 + bytes[end + 1]!;
  return Buffer.from(bytes.subarray(240, end + 1)).toString('hex');
}
