import { createSocket } from 'node:dgram';
import { createInterface } from 'node:readline';
import { decodeMessage } from '../../src/protocol/dhcp/decode.ts';
import { encodeMessage } from '../../src/protocol/dhcp/encode.ts';
import { messageTypeOf } from '../../src/protocol/dhcp/message.ts';
import { MessageType, OptionCode } from '../../src/protocol/dhcp/option-codes.ts';
import {
  type Ipv4Address,
  ipv4ToBytes,
  parseIpv4,
  UNSPECIFIED_ADDRESS,
} from '../../src/protocol/ipv4-address.ts';
import { macFromBytes } from '../../src/protocol/mac-address.ts';

// Many clients behind one relay, as a process in the relay's network namespace. Arguments: the relay's address, the
// server's address. For each line of input "FROM TO" the clients with these numbers request a lease; every acknowledged
// lease is printed as "MAC ADDRESS", and "done" when all have one. Clients repeat their requests until they are
// answered.

const CLIENTS_AT_ONCE = 100;
const ASK_AGAIN_MS = 400;

const [relay, server] = process.argv.slice(2).map((text) => parseIpv4(text)!);
const socket = createSocket({ type: 'udp4' });
const open = new Map<number, { timer: NodeJS.Timeout; offered?: Ipv4Address }>();
let queue: number[] = [];

socket.on('message', (bytes) => {
  const message = decodeMessage(bytes);
  const client = open.get(message.xid);
  if (client === undefined) return;
  switch (messageTypeOf(message)) {
    case MessageType.offer:
      client.offered ??= message.yiaddr;
      send(message.xid);
      break;
    case MessageType.ack:
      clearInterval(client.timer);
      open.delete(message.xid);
      console.log(`${macFromBytes(message.chaddr)} ${message.yiaddr}`);
      next();
      break;
    default:
      // After a DHCPNAK it starts again, as clients do.
      delete client.offered;
      send(message.xid);
  }
});

function send(number: number): void {
  const offered = open.get(number)?.offered;
  const asks: [number, Uint8Array][] =
    offered === undefined
      ? [[OptionCode.messageType, Uint8Array.of(MessageType.discover)]]
      : [
          [OptionCode.messageType, Uint8Array.of(MessageType.request)],
          [OptionCode.serverIdentifier, ipv4ToBytes(server!)],
          [OptionCode.requestedAddress, ipv4ToBytes(offered)],
        ];
  const { bytes } = encodeMessage({
    op: 1,
    htype: 1,
    hlen: 6,
    hops: 1,
    xid: number,
    secs: 0,
    flags: 0,
    ciaddr: UNSPECIFIED_ADDRESS,
    yiaddr: UNSPECIFIED_ADDRESS,
    siaddr: UNSPECIFIED_ADDRESS,
    giaddr: relay!,
    chaddr: Uint8Array.of(2, 0, 0, number >>> 16, number >>> 8, number),
    sname: '',
    file: '',
    options: new Map(asks),
  });
  socket.send(bytes, 67, server);
}

function next(): void {
  while (open.size < CLIENTS_AT_ONCE && queue.length > 0) {
    const number = queue.shift()!;
    open.set(number, { timer: setInterval(() => send(number), ASK_AGAIN_MS) });
    send(number);
  }
  if (open.size === 0) console.log('done');
}

socket.bind(67, relay, () => console.log('ready'));
createInterface(process.stdin).on('line', (line) => {
  const [from, to] = line.split(' ').map(Number);
  queue = Array.from({ length: to! - from! }, (_, index) => from! + index);
  next();
});
