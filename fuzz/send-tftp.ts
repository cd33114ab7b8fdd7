import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type Ipv4Address, ipv4FromNumber, ipv4ToNumber } from '../src/protocol/ipv4-address.ts';
import { rawAck, rawError, rawRequest } from '../test/server/tftp/test-client.ts';
import { seededRandom } from './seeded-random.ts';

// Sends TFTP datagrams that no real client sends, from many addresses: nine of ten are changed packets of real clients,
// and the rest is noise. Answers of the server are answered, mostly wrongly. Arguments: seed, count, datagrams per
// second, the server's address. Prints the number that it has sent, every second.

const [seedText, countText, rateText, server = ''] = process.argv.slice(2);
const count = Number(countText);
const perMs = Number(rateText) / 1000;
const random = seededRandom(Number(seedText));
const randomBytes = (size: number): Buffer => Buffer.from(Array.from({ length: size }, () => random(256)));
const oneOf = <T>(values: readonly T[]): T => values[random(values.length)]!;

const FIRST_ADDRESS = ipv4ToNumber('10.80.0.1' as Ipv4Address);
/** So many that each mostly stays within its limit. */
const SENDERS = 1500;
const REQUEST_PORT = 69;

const requests = [
  // iPXE, edk2 asking for the size and then for the file, GRUB, a PXE ROM, atftp, curl.
  rawRequest('boot.bin', { blksize: 1432, tsize: 0 }),
  rawRequest('boot.bin', { tsize: 0, blksize: 1468, windowsize: 4 }),
  rawRequest('boot.bin', { blksize: 1468, windowsize: 64 }),
  rawRequest('/boot.bin', { blksize: 1024, tsize: 0 }),
  rawRequest('boot.bin', { tsize: 0 }),
  rawRequest('boot.bin', { tsize: 0, timeout: 5, blksize: 512 }),
  rawRequest('boot.bin'),
  rawRequest('boot.ipxe', { blksize: 1432, tsize: 0 }),
  rawRequest('snponly.efi', { blksize: 8, windowsize: 65535, timeout: 255 }),
  rawRequest('nothing/of/this/name', { tsize: 0 }),
  rawRequest('..\\..\\etc\\passwd'),
  rawRequest('boot.bin', {}, { mode: 'netascii' }),
  rawRequest('boot.bin', { tsize: 300000 }, { opcode: 2 }),
];

/** A packet with up to three changes; most still show what kind of packet it is. */
function mutate(original: Buffer): Buffer {
  let packet = Buffer.from(original);
  for (let changes = random(4); changes > 0; changes--) {
    switch (random(5)) {
      case 0:
        if (packet.length > 0) packet[random(packet.length)] = random(256);
        break;
      case 1:
        packet = packet.subarray(0, random(packet.length + 1));
        break;
      case 2:
        packet = Buffer.concat([packet, randomBytes(random(1400))]);
        break;
      case 3: {
        const at = random(packet.length + 1);
        packet = Buffer.concat([packet.subarray(0, at), randomBytes(random(20)), packet.subarray(at)]);
        break;
      }
      default:
        packet = Buffer.concat([
          packet,
          Buffer.from(`${oneOf(['blksize', 'tsize', 'windowsize', 'timeout'])}\0${random(70_000)}\0`),
        ]);
    }
  }
  return packet;
}

interface Sender {
  readonly socket: Socket;
  /** The server's port of the last transfer, and the last block received from it. */
  port: number;
  block: number;
}

const senders: Sender[] = [];
for (let index = 0; index < SENDERS; index++) {
  const sender: Sender = { socket: createSocket('udp4'), port: REQUEST_PORT, block: 0 };
  sender.socket.on('error', () => undefined);
  sender.socket.on('message', (bytes, { port }) => {
    sender.port = port;
    if (bytes.length >= 4 && bytes[1] === 3) sender.block = bytes.readUInt16BE(2);
  });
  sender.socket.bind(0, ipv4FromNumber(FIRST_ADDRESS + index * 7));
  await once(sender.socket, 'listening');
  senders.push(sender);
}

function sendOne(): void {
  const sender = oneOf(senders);
  const toTransfer = sender.port !== REQUEST_PORT && random(3) > 0;
  const port = toTransfer || random(20) === 0 ? sender.port : REQUEST_PORT;
  let packet: Buffer;
  if (random(10) === 0) packet = randomBytes(random(1472));
  else if (toTransfer && random(50) === 0) packet = mutate(rawError(random(9)));
  // Half of the ACKs are right, so that transfers make progress.
  else if (toTransfer) packet = random(2) === 0 ? rawAck(sender.block) : mutate(rawAck(random(0x1_0000)));
  else packet = mutate(oneOf(requests));
  sender.socket.send(packet, port, server, () => undefined);
}

const startedAt = performance.now();
let sent = 0;
let told = 0;
const timer = setInterval(() => {
  const due = Math.min(count, (performance.now() - startedAt) * perMs);
  for (let burst = 0; sent < due && burst < 500; burst++, sent++) sendOne();
  if (performance.now() - startedAt > told * 1000 || sent >= count) {
    told++;
    console.log(sent);
  }
  if (sent < count) return;
  clearInterval(timer);
  for (const { socket } of senders) socket.close();
}, 5);
