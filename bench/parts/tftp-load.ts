import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import { type Ipv4Address, ipv4ToNumber, UNSPECIFIED_ADDRESS } from '../../src/protocol/ipv4-address.ts';
import { Opcode } from '../../src/protocol/tftp/packet.ts';
import { DataSlots } from '../../src/server/udp/message-slots.ts';
import {
  HEADER_SIZE,
  LENGTH,
  NAME_ADDRESS,
  NAME_LENGTH,
  NAME_PORT,
  NAME_SIZE,
  VECTOR_SIZE,
} from '../../src/server/udp/mmsghdr.ts';
import { loadSocketCalls } from '../../src/server/udp/socket-calls.ts';

// TFTP clients that load one file and compare every byte of it, as a separate process for benchmarks. It gets its
// settings as JSON, and prints the result as JSON. The clients must use less processor time than the server that they
// measure, so all of them share one socket, IP_PKTINFO distinguishes them, and one system call receives or sends many
// packets.

/** The settings of the process, in its first argument. */
export interface TftpLoadSettings {
  readonly server: string;
  readonly file: string;
  /** Where the same file is, for comparison. */
  readonly copy: string;
  /** The address of the first client; each further one has the next address. */
  readonly firstClient: string;
  readonly clients: number;
  readonly blksize: number;
  readonly windowsize: number;
  /** Each client loads the file again, from a new address, until this time is over; 0: each loads it once. */
  readonly seconds: number;
}

/** The result. */
export interface TftpLoadResult {
  readonly done: number;
  readonly failed: number;
  readonly failures: readonly string[];
  readonly bytes: number;
  readonly seconds: number;
  /** Packets that clients sent again because nothing arrived for a second. */
  readonly timeouts: number;
  /** The median duration of a transfer. */
  readonly medianSeconds: number;
  readonly blksize: number;
  readonly windowsize: number;
  readonly cpuSeconds: number;
}

/** iPXE, GRUB and edk2 all repeat a request after one to four seconds, and give up after some attempts. */
const TIMEOUT_MS = 1000;
const TRIES_MAX = 8;
const PORT = 69;
const CLIENT_PORT = 20_000;

const SLOTS = 64;
const SLOT_SIZE = 2048;
/** All windows of all clients at once. */
const RECEIVE_BUFFER_BYTES = 128 << 20;

// struct mmsghdr has these too; struct cmsghdr is length, level and type, and with IP_PKTINFO (ip(7)) it is followed by
// an interface, the local address of an outgoing packet, and the destination of an incoming one.
const CONTROL = 32;
const CONTROL_LENGTH = 40;
const CONTROL_SIZE = 32;
const CONTROL_USED = 28;
const CONTROL_TYPE = 12;
const LOCAL_ADDRESS = 20;
const DESTINATION = 24;
const IPPROTO_IP = 0;
const IP_PKTINFO = 8;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;
const POLLIN = 1;

const settings = JSON.parse(process.argv[2] ?? '') as TftpLoadSettings;
const content = readFileSync(settings.copy);
const server = ipv4ToNumber(settings.server as Ipv4Address);
const firstClient = ipv4ToNumber(settings.firstClient as Ipv4Address);
const calls = await loadSocketCalls();
const libc = koffi.load(null);
const setOption = libc.func('int setsockopt(int, int, int, const void *, uint32_t)') as (
  ...values: [number, number, number, Uint8Array, number]
) => number;
const poll = libc.func('int poll(void *, unsigned long, int)') as (
  ...values: [Uint8Array, number, number]
) => number;

/** Memory for the packets of one call, with control messages. */
class Slots extends DataSlots {
  readonly controls = Buffer.alloc(SLOTS * CONTROL_SIZE);

  constructor() {
    super(calls, SLOTS, SLOT_SIZE);
    const controlsAt = calls.addressOf(this.controls);
    for (let slot = 0; slot < SLOTS; slot++) {
      this.headers.writeBigUInt64LE(controlsAt + BigInt(slot * CONTROL_SIZE), slot * HEADER_SIZE + CONTROL);
      this.names.writeUInt32BE(server, slot * NAME_SIZE + NAME_ADDRESS);
      this.controls.writeBigUInt64LE(BigInt(CONTROL_USED), slot * CONTROL_SIZE);
      this.controls.writeInt32LE(IP_PKTINFO, slot * CONTROL_SIZE + CONTROL_TYPE);
      this.ready(slot);
    }
  }

  /** Sets the available sizes again, which the kernel has overwritten with the used ones. */
  ready(slot: number): void {
    this.headers.writeUInt32LE(NAME_SIZE, slot * HEADER_SIZE + NAME_LENGTH);
    this.headers.writeUInt32LE(CONTROL_SIZE, slot * HEADER_SIZE + CONTROL_LENGTH);
  }

  setLength(slot: number, length: number): void {
    this.vectors.writeUInt32LE(length, slot * VECTOR_SIZE + 8);
  }
}

const fd = calls.open({ address: UNSPECIFIED_ADDRESS, port: CLIENT_PORT, reuseAddress: false });
for (const [level, option, value] of [
  [SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES],
  [IPPROTO_IP, IP_PKTINFO, 1],
] as const) {
  const bytes = new Uint8Array(Int32Array.of(value).buffer);
  if (setOption(fd, level, option, bytes, bytes.length) < 0) throw new Error(`setsockopt ${option} failed`);
}
const incoming = new Slots();
const outgoing = new Slots();
const { data, headers, names } = incoming;
let waiting = 0;
const request = Buffer.from(
  `\0\x01${settings.file}\0octet\0blksize\0${settings.blksize}\0` +
    (settings.windowsize > 1 ? `windowsize\0${settings.windowsize}\0` : ''),
  'latin1',
);

function send(from: number, port: number, packet: Uint8Array): void {
  if (waiting === SLOTS) flush();
  const slot = waiting++;
  outgoing.data.set(packet, slot * SLOT_SIZE);
  outgoing.setLength(slot, packet.length);
  outgoing.names.writeUInt16BE(port, slot * NAME_SIZE + NAME_PORT);
  outgoing.controls.writeUInt32BE(from, slot * CONTROL_SIZE + LOCAL_ADDRESS);
}

/** Sends waiting packets. Those that the kernel does not accept are lost, and sent again after their timeout. */
function flush(): void {
  if (waiting > 0) calls.sendMany(fd, outgoing.headers, waiting);
  waiting = 0;
}

let active = 0;
let started = 0;
let bytes = 0;
let timeouts = 0;
let granted = { blksize: 512, windowsize: 1 };
const failures: string[] = [];
const tookMs: number[] = [];

/** One transfer, from the request to the last ACK. */
class Client {
  readonly #address: number;
  /** The four bytes of an ACK. */
  readonly #ack = Buffer.from([0, Opcode.ack, 0, 0]);
  #last: Uint8Array = request;
  /** Port 69 until the server's transfer port is known. */
  #port = PORT;
  #blksize = 512;
  #windowsize = 1;
  /** The highest block that was received in order; counted beyond 65535. */
  #block = 0;
  #acked = 0;
  #tries = 0;
  sentMs = 0;
  readonly startedMs = performance.now();

  constructor(index: number) {
    this.#address = firstClient + index;
    this.#send(request);
  }

  /** Receives a packet. Returns whether the transfer is over. */
  take(start: number, length: number, port: number): boolean {
    if (this.#port === PORT) this.#port = port;
    switch (data.readUInt16BE(start)) {
      case Opcode.oack:
        return this.#onOack(data.toString('latin1', start + 2, start + length));
      case Opcode.data:
        return this.#onData(start, length);
      default:
        return this.#fail(`ERROR ${data.toString('latin1', start + 4, start + length)}`);
    }
  }

  #onOack(text: string): boolean {
    if (this.#block > 0) return false;
    const words = text.split('\0');
    for (let at = 0; at + 1 < words.length; at += 2) {
      if (words[at]?.toLowerCase() === 'blksize') this.#blksize = Number(words[at + 1]);
      if (words[at]?.toLowerCase() === 'windowsize') this.#windowsize = Number(words[at + 1]);
    }
    granted = { blksize: this.#blksize, windowsize: this.#windowsize };
    this.#acknowledge();
    return false;
  }

  #onData(start: number, length: number): boolean {
    const number = data.readUInt16BE(start + 2);
    if (number !== ((this.#block + 1) & 0xffff)) {
      // RFC 7440 section 4: if a block is missing, the last block in order is acknowledged once. A repeated block means
      // that our ACK was lost.
      const missing = this.#acked < this.#block;
      if (missing || number === (this.#block & 0xffff)) this.#acknowledge();
      return false;
    }
    const from = this.#block * this.#blksize;
    const size = length - 4;
    if (data.compare(content, from, from + size, start + 4, start + length) !== 0) {
      return this.#fail(`block ${this.#block + 1} has wrong bytes`);
    }
    this.#block++;
    bytes += size;
    const last = size < this.#blksize;
    if (last && from + size !== content.length) return this.#fail(`${from + size} bytes came`);
    if (last || this.#block - this.#acked >= this.#windowsize) this.#acknowledge();
    return last;
  }

  #acknowledge(): void {
    this.#acked = this.#block;
    this.#ack.writeUInt16BE(this.#block & 0xffff, 2);
    this.#tries = 0;
    this.#send(this.#ack);
  }

  /** Sends the last packet again. Returns whether the transfer is over. */
  onTimeout(): boolean {
    timeouts++;
    if (++this.#tries >= TRIES_MAX) return this.#fail('timeout');
    if (this.#acked < this.#block) {
      this.#acked = this.#block;
      this.#ack.writeUInt16BE(this.#block & 0xffff, 2);
    }
    this.#send(this.#last);
    return false;
  }

  #send(packet: Uint8Array): void {
    this.#last = packet;
    this.sentMs = performance.now();
    send(this.#address, this.#port, packet);
  }

  #fail(reason: string): boolean {
    failures.push(reason);
    return true;
  }
}

const clients = new Map<number, Client>();
const cpuBefore = process.cpuUsage();
const startedMs = performance.now();
const endMs = startedMs + settings.seconds * 1000;

function start(): void {
  const index = started++;
  clients.set(index, new Client(index));
  active++;
}

function end(index: number): void {
  const client = clients.get(index);
  if (client === undefined) return;
  clients.delete(index);
  active--;
  const nowMs = performance.now();
  tookMs.push(nowMs - client.startedMs);
  if (nowMs < endMs) start();
}

for (let index = 0; index < settings.clients; index++) start();
flush();
// struct pollfd: the descriptor, and the awaited events.
const polled = Buffer.alloc(8);
polled.writeInt32LE(fd, 0);
polled.writeInt16LE(POLLIN, 4);
let lookedMs = startedMs;
while (active > 0) {
  const received = calls.receiveMany(fd, headers, SLOTS);
  if (received < 0) poll(polled, 1, TIMEOUT_MS / 10);
  for (let slot = 0; slot < received; slot++) {
    const index = incoming.controls.readUInt32BE(slot * CONTROL_SIZE + DESTINATION) - firstClient;
    const length = headers.readUInt32LE(slot * HEADER_SIZE + LENGTH);
    incoming.ready(slot);
    const port = names.readUInt16BE(slot * NAME_SIZE + NAME_PORT);
    if (clients.get(index)?.take(slot * SLOT_SIZE, length, port) === true) end(index);
  }
  flush();
  const nowMs = performance.now();
  if (nowMs - lookedMs < TIMEOUT_MS / 10) continue;
  lookedMs = nowMs;
  for (const [index, client] of clients) {
    if (nowMs - client.sentMs >= TIMEOUT_MS && client.onTimeout()) end(index);
  }
  flush();
}

const seconds = (performance.now() - startedMs) / 1000;
const cpu = process.cpuUsage(cpuBefore);
const result: TftpLoadResult = {
  done: started - failures.length,
  failed: failures.length,
  failures: [...new Set(failures)].slice(0, 5),
  bytes,
  seconds,
  timeouts,
  medianSeconds: (tookMs.sort((one, other) => one - other)[Math.floor(tookMs.length / 2)] ?? 0) / 1000,
  ...granted,
  cpuSeconds: (cpu.user + cpu.system) / 1e6,
};
console.log(JSON.stringify(result));
