import { readFileSync } from 'node:fs';
import koffi from 'koffi';
import {
  type Ipv4Address,
  ipv4FromNumber,
  ipv4ToNumber,
  writeIpv4,
} from '../../src/protocol/ipv4-address.ts';
import { Opcode } from '../../src/protocol/tftp/packet.ts';
import { loadSocketCalls } from '../../src/server/udp/socket-calls.ts';

// TFTP clients that fetch one file and compare every octet of it, as a process of its own: for benchmarks. Takes its
// settings as JSON, and prints what came of it as JSON. There is nothing else to do than to wait for the sockets, so one
// loop waits in epoll_wait(2) and takes many datagrams with one call, without node:dgram.

/** What the process is told, in its first argument. */
export interface TftpLoadSettings {
  readonly server: string;
  readonly file: string;
  /** Where the same file is, to compare. */
  readonly copy: string;
  /** The address of the first client; each further one has the next. */
  readonly firstClient: string;
  readonly clients: number;
  readonly blksize: number;
  readonly windowsize: number;
  /** Each client fetches the file again, from a new address, until this time is over; 0: each fetches it once. */
  readonly seconds: number;
}

/** What it answers. */
export interface TftpLoadResult {
  readonly done: number;
  readonly failed: number;
  readonly failures: readonly string[];
  readonly bytes: number;
  readonly seconds: number;
  /** Packets that clients sent again since nothing came for a second. */
  readonly timeouts: number;
  /** How long half of the transfers took at most. */
  readonly medianSeconds: number;
  readonly blksize: number;
  readonly windowsize: number;
  readonly cpuSeconds: number;
}

/** iPXE, GRUB and edk2 all ask again within one to four seconds, and give up after some tries. */
const TIMEOUT_MS = 1000;
const TRIES_MAX = 8;
const PORT = 69;
const FIRST_CLIENT_PORT = 20_000;

const SLOTS = 64;
const SLOT_SIZE = 2048;
const EVENTS_MAX = 256;
// struct epoll_event is packed on x86-64 alone.
const EVENT_SIZE = process.arch === 'x64' ? 12 : 16;
const EVENT_DATA = EVENT_SIZE - 8;
const EPOLLIN = 1;
const EPOLL_CTL_ADD = 1;

const settings = JSON.parse(process.argv[2] ?? '') as TftpLoadSettings;
const content = readFileSync(settings.copy);
const firstClient = ipv4ToNumber(settings.firstClient as Ipv4Address);
const calls = await loadSocketCalls();
const libc = koffi.load(null);
const epollCreate = libc.func('int epoll_create1(int)') as (flags: number) => number;
const epollControl = libc.func('int epoll_ctl(int, int, int, void *)') as (
  ...values: [number, number, number, Uint8Array]
) => number;
const epollWait = libc.func('int epoll_wait(int, void *, int, int)') as (
  ...values: [number, Uint8Array, number, number]
) => number;
const sendTo = libc.func('intptr_t sendto(int, const void *, size_t, int, const void *, uint32_t)') as (
  ...values: [number, Uint8Array, number, number, Uint8Array, number]
) => number;
const closeFd = libc.func('int close(int)') as (fd: number) => number;

/** One call's worth of datagrams: mmsghdr, iovec and sockaddr_in as in src/server/udp/datagram-batches.ts. */
class Slots {
  readonly headers = Buffer.alloc(SLOTS * 64);
  /** Only the kernel reads it: it must not be collected. */
  readonly vectors = Buffer.alloc(SLOTS * 16);
  readonly names = Buffer.alloc(SLOTS * 16);
  readonly data = Buffer.alloc(SLOTS * SLOT_SIZE);

  constructor() {
    const [vectors, names, data] = [this.vectors, this.names, this.data].map((bytes) =>
      calls.addressOf(bytes),
    );
    if (vectors === undefined || names === undefined || data === undefined) throw new Error('no addresses');
    for (let slot = 0; slot < SLOTS; slot++) {
      this.headers.writeBigUInt64LE(names + BigInt(slot * 16), slot * 64);
      this.headers.writeUInt32LE(16, slot * 64 + 8);
      this.headers.writeBigUInt64LE(vectors + BigInt(slot * 16), slot * 64 + 16);
      this.headers.writeBigUInt64LE(1n, slot * 64 + 24);
      this.vectors.writeBigUInt64LE(data + BigInt(slot * SLOT_SIZE), slot * 16);
      this.vectors.writeBigUInt64LE(BigInt(SLOT_SIZE), slot * 16 + 8);
    }
  }
}

const slots = new Slots();
const { data, headers, names } = slots;
const epoll = epollCreate(0);
const events = Buffer.alloc(EVENTS_MAX * EVENT_SIZE);
const request = Buffer.from(
  `\0\x01${settings.file}\0octet\0blksize\0${settings.blksize}\0` +
    (settings.windowsize > 1 ? `windowsize\0${settings.windowsize}\0` : ''),
  'latin1',
);

let active = 0;
let started = 0;
let bytes = 0;
let timeouts = 0;
let granted = { blksize: 512, windowsize: 1 };
const failures: string[] = [];
const tookMs: number[] = [];

/** One transfer, from the request to the last ACK. */
class Client {
  readonly fd: number;
  readonly #server = Buffer.alloc(16);
  /** Four octets to acknowledge with. */
  readonly #ack = Buffer.from([0, Opcode.ack, 0, 0]);
  #last: Uint8Array = request;
  #blksize = 512;
  #windowsize = 1;
  /** Whether the server's transfer port is known. */
  #known = false;
  /** The highest block that came in order; counted on past 65535. */
  #block = 0;
  #acked = 0;
  #tries = 0;
  sentMs = 0;
  readonly startedMs = performance.now();

  constructor(index: number) {
    this.fd = calls.open({
      address: ipv4FromNumber(firstClient + index),
      port: FIRST_CLIENT_PORT + (index % 40_000),
      reuseAddress: false,
    });
    this.#server.writeUInt16LE(2, 0);
    this.#server.writeUInt16BE(PORT, 2);
    writeIpv4(this.#server, 4, settings.server as Ipv4Address);
    const event = Buffer.alloc(EVENT_SIZE);
    event.writeUInt32LE(EPOLLIN, 0);
    event.writeUInt32LE(index, EVENT_DATA);
    if (epollControl(epoll, EPOLL_CTL_ADD, this.fd, event) < 0) throw new Error('epoll_ctl failed');
    this.#send(request);
  }

  /** Takes what has come. Returns whether the transfer is over. */
  receive(): boolean {
    let over = false;
    const received = calls.receiveMany(this.fd, slots.headers, SLOTS);
    for (let slot = 0; slot < received; slot++) {
      headers.writeUInt32LE(16, slot * 64 + 8);
      if (!over) over = this.#take(slot * SLOT_SIZE, headers.readUInt32LE(slot * 64 + 56), slot * 16);
    }
    return over;
  }

  #take(start: number, length: number, name: number): boolean {
    if (!this.#known) {
      this.#server.writeUInt16BE(names.readUInt16BE(name + 2), 2);
      this.#known = true;
    }
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
      // RFC 7440 section 4: what came in order is acknowledged when something is missing, once. A block that came again
      // says that our ACK was lost.
      const missing = this.#acked < this.#block;
      if (missing || number === (this.#block & 0xffff)) this.#acknowledge();
      return false;
    }
    const from = this.#block * this.#blksize;
    const size = length - 4;
    if (data.compare(content, from, from + size, start + 4, start + length) !== 0) {
      return this.#fail(`block ${this.#block + 1} has wrong octets`);
    }
    this.#block++;
    bytes += size;
    const last = size < this.#blksize;
    if (last && from + size !== content.length) return this.#fail(`${from + size} octets came`);
    if (last || this.#block - this.#acked >= this.#windowsize) this.#acknowledge();
    return last;
  }

  #acknowledge(): void {
    this.#acked = this.#block;
    this.#ack.writeUInt16BE(this.#block & 0xffff, 2);
    this.#tries = 0;
    this.#send(this.#ack);
  }

  /** Sends the last packet once more. Returns whether the transfer is over. */
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
    sendTo(this.fd, packet, packet.length, 0, this.#server, 16);
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
  closeFd(client.fd);
  clients.delete(index);
  active--;
  const nowMs = performance.now();
  tookMs.push(nowMs - client.startedMs);
  if (nowMs < endMs) start();
}

for (let index = 0; index < settings.clients; index++) start();
let lookedMs = startedMs;
while (active > 0) {
  const ready = epollWait(epoll, events, EVENTS_MAX, TIMEOUT_MS / 10);
  for (let at = 0; at < ready; at++) {
    const index = events.readUInt32LE(at * EVENT_SIZE + EVENT_DATA);
    if (clients.get(index)?.receive() === true) end(index);
  }
  const nowMs = performance.now();
  if (nowMs - lookedMs < TIMEOUT_MS / 10) continue;
  lookedMs = nowMs;
  for (const [index, client] of clients) {
    if (nowMs - client.sentMs >= TIMEOUT_MS && client.onTimeout()) end(index);
  }
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
