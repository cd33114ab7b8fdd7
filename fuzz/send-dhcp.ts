import { createSocket } from 'node:dgram';
import { GOLDEN_PACKETS, goldenBytes } from '../test/protocol/dhcp/golden-packets.ts';
import { seededRandom } from './seeded-random.ts';

// Sends datagrams that no real client sends, as a process in the clients' network namespace. Arguments: protocol, seed,
// count, datagrams per second, the server's address. Prints the number that it has sent, every second.

const [protocol, seedText, countText, rateText, server] = process.argv.slice(2);
const count = Number(countText);
const perMs = Number(rateText) / 1000;

const random = seededRandom(Number(seedText));

function randomBytes(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, () => random(256)));
}

const dhcpSeeds = Object.values(GOLDEN_PACKETS).map((packet) => Buffer.from(goldenBytes(packet)));
const OPTIONS = [12, 43, 50, 52, 53, 54, 55, 57, 60, 61, 77, 82, 93, 94, 97, 118, 175, 255];

/** A real packet with changes. */
function mutateDhcp(): Buffer {
  let packet = Buffer.from(dhcpSeeds[random(dhcpSeeds.length)]!);
  // Most come from a new client: state per client must be bounded.
  if (random(4) > 0) randomBytes(5).copy(packet, 29);
  // Most come through a declared relay, so that the packets pass the first checks.
  if (random(2) === 0) Buffer.from([10, 77, 0, 2]).copy(packet, 24);
  packet[242] = random(4) === 0 ? random(256) : [1, 3, 4, 7, 8][random(5)]!;
  for (let changes = random(4); changes > 0; changes--) {
    switch (random(6)) {
      case 0:
        packet[random(packet.length)] = random(256);
        break;
      case 1:
        packet = packet.subarray(0, random(packet.length + 1));
        break;
      case 2: {
        const value = randomBytes(random(256));
        const option = Buffer.from([
          OPTIONS[random(OPTIONS.length)]!,
          random(8) === 0 ? random(256) : value.length,
        ]);
        packet = Buffer.concat([packet.subarray(0, 240), option, value, packet.subarray(240)]);
        break;
      }
      case 3:
        packet = Buffer.concat([packet, randomBytes(random(300))]);
        break;
      case 4:
        if (packet.length > 236) randomBytes(16).copy(packet, 12);
        break;
      default:
        packet = Buffer.concat([packet.subarray(0, 240), Buffer.alloc(random(1200)), packet.subarray(240)]);
    }
  }
  return packet;
}

const targets: Record<string, { port: number; make: () => Buffer }> = {
  dhcp: { port: 67, make: () => (random(10) === 0 ? randomBytes(random(1400)) : mutateDhcp()) },
  pxe: { port: 4011, make: () => (random(10) === 0 ? randomBytes(random(1400)) : mutateDhcp()) },
};
const target = targets[protocol ?? ''];
if (target === undefined)
  throw new Error(`no protocol ${protocol}; there is: ${Object.keys(targets).join(', ')}`);

const socket = createSocket('udp4');
// The server's host answers some with ICMP errors.
socket.on('error', () => undefined);
socket.bind(() => {
  socket.setBroadcast(true);
  const startedAt = performance.now();
  let sent = 0;
  let told = 0;
  const timer = setInterval(() => {
    const due = Math.min(count, (performance.now() - startedAt) * perMs);
    while (sent < due) {
      socket.send(target.make(), target.port, sent % 8 === 0 ? '255.255.255.255' : server, () => undefined);
      sent++;
    }
    if (performance.now() - startedAt > told * 1000 || sent >= count) {
      told++;
      console.log(sent);
    }
    if (sent < count) return;
    clearInterval(timer);
    socket.close();
  }, 5);
});
