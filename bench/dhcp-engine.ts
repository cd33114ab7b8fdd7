import { decodeMessage, decodeRequest } from '../src/protocol/dhcp/decode.ts';
import { encodeMessage } from '../src/protocol/dhcp/encode.ts';
import type { DhcpMessage } from '../src/protocol/dhcp/message.ts';
import { type Ipv4Address, parseIpv4, UNSPECIFIED_ADDRESS } from '../src/protocol/ipv4-address.ts';
import { parseCidr } from '../src/protocol/ipv4-cidr.ts';
import { DhcpEngine } from '../src/provision/dhcp/dhcp-engine.ts';
import { MachineIndex } from '../src/provision/machines/machine-index.ts';
import { defineSubnet } from '../src/provision/dhcp/subnets/subnet.ts';

// How many exchanges per second (DISCOVER to ACK, two packets in, two out) one thread can decode, decide and encode,
// without sockets and store. `npm run bench -- dhcp-engine [CLIENTS]`.

const clients = Number(process.argv[2] ?? 200_000);
const address = (text: string): Ipv4Address => parseIpv4(text) ?? UNSPECIFIED_ADDRESS;
const serverAddress = address('10.0.0.1');

const cidr = parseCidr('10.0.0.0/12');
if (cidr === undefined) throw new Error('the benchmark has a wrong network');
const engine = new DhcpEngine({
  subnets: [
    defineSubnet({
      id: 'bench',
      cidr,
      mode: 'full',
      pools: [{ first: address('10.0.1.0'), last: address('10.15.254.255') }],
      routers: [serverAddress],
      dns: [serverAddress],
      domain: 'bench.example',
    }),
  ],
  policy: { packetsPerSecond: 1e9 },
  reservations: new MachineIndex([]),
  findBootPlan: () => ({ boot: { bootProgram: 'snponly.efi', scriptUrl: 'http://10.0.0.1:8080/boot.ipxe' } }),
});
engine.setLocalAddresses([serverAddress]);

const requested = Uint8Array.from(Buffer.from('0102030405060c0d0f111216171c28292a2b3233363a3b3c', 'hex'));
const vendorClass = new TextEncoder().encode('PXEClient:Arch:00007:UNDI:003001');

function request(index: number, type: number, extra: readonly (readonly [number, Uint8Array])[]): Uint8Array {
  const chaddr = Uint8Array.of(2, 0, index >>> 24, index >>> 16, index >>> 8, index);
  const message: DhcpMessage = {
    op: 1,
    htype: 1,
    hlen: 6,
    hops: 0,
    xid: index,
    secs: 0,
    flags: 0x8000,
    ciaddr: UNSPECIFIED_ADDRESS,
    yiaddr: UNSPECIFIED_ADDRESS,
    siaddr: UNSPECIFIED_ADDRESS,
    giaddr: UNSPECIFIED_ADDRESS,
    chaddr,
    sname: '',
    file: '',
    options: new Map([
      [53, Uint8Array.of(type)],
      [57, Uint8Array.of(5, 0xc0)],
      [55, requested],
      [93, Uint8Array.of(0, 7)],
      [60, vendorClass],
      ...extra,
    ]),
  };
  return encodeMessage(message).bytes;
}

const ingress = { interface: 'eth0', localAddress: serverAddress, port: 67 } as const;
const source = { address: UNSPECIFIED_ADDRESS, port: 68 };

function serve(bytes: Uint8Array): Uint8Array {
  const now = { wallMs: Date.now(), monotonicMs: performance.now() };
  const packet = { message: decodeRequest(bytes), ingress, source, size: bytes.length };
  const decision = engine.handle(packet, now);
  if (decision.kind !== 'reply') throw new Error('no reply to the benchmark');
  engine.committed(decision, now);
  return encodeMessage(decision.message, decision.limits).bytes;
}

const serverIdentifier = Uint8Array.of(10, 0, 0, 1);
let spentMs = 0;
for (let index = 0; index < clients; index++) {
  const discover = request(index, 1, []);
  let startedAt = performance.now();
  const offer = serve(discover);
  spentMs += performance.now() - startedAt;
  const offered = Buffer.from(offer.subarray(16, 20));
  const ask = request(index, 3, [
    [54, serverIdentifier],
    [50, offered],
  ]);
  startedAt = performance.now();
  const ack = serve(ask);
  spentMs += performance.now() - startedAt;
  if (index === 0 && decodeMessage(ack).options.get(53)?.[0] !== 5)
    throw new Error('the first client got no ACK');
}
const microseconds = (spentMs * 1000) / clients;
console.log(
  `${clients} exchanges in ${(spentMs / 1000).toFixed(2)} s: ${microseconds.toFixed(1)} µs each, ` +
    `${Math.round(1e6 / microseconds)} a second; ${Math.round(process.memoryUsage().rss / 1e6)} MB resident`,
);
