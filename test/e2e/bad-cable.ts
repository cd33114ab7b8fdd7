import { constants, openSync, read, writeSync } from 'node:fs';
import koffi from 'koffi';
import { seededRandom } from '../../fuzz/seeded-random.ts';

// A cable between two interfaces, s1 and b0, that loses and reorders packets, like netem, which not every kernel has.
// It creates both interfaces in the namespace where it is started, prints "ready", and carries frames for as long as it
// runs; the interfaces may be moved to other namespaces meanwhile. `bad-cable.ts LOST LATE SEED`, the first two in
// thousandths.

const [lost = 0, late = 0, seed = 1] = process.argv.slice(2).map(Number);
const LATE_MS = 4;

// From <linux/if_tun.h>; struct ifreq begins with the name in 16 bytes, followed by the flags.
const TUNSETIFF = 0x400454ca;
const IFF_TAP = 0x0002;
const IFF_NO_PI = 0x1000;
const IFREQ_SIZE = 40;

const libc = koffi.load(null);
const ioctl = libc.func('int ioctl(int, unsigned long, const void *)') as (
  ...values: [number, number, Uint8Array]
) => number;
const random = seededRandom(seed);

function openTap(name: string): number {
  const descriptor = openSync('/dev/net/tun', constants.O_RDWR);
  const request = Buffer.alloc(IFREQ_SIZE);
  request.write(name, 'latin1');
  request.writeUInt16LE(IFF_TAP | IFF_NO_PI, 16);
  if (ioctl(descriptor, TUNSETIFF, request) < 0) throw new Error(`cannot make the interface ${name}`);
  return descriptor;
}

function carry(from: number, to: number): void {
  const buffer = Buffer.alloc(65_536);
  read(from, buffer, 0, buffer.length, null, (error, length) => {
    // An interface that is down has no frames, but will be up later.
    if (error === null) pass(to, Buffer.from(buffer.subarray(0, length)));
    setImmediate(carry, from, to);
  });
}

function pass(to: number, frame: Buffer): void {
  const fate = isUdp(frame) ? random(1000) : 1000;
  if (fate < lost) return;
  if (fate < lost + late) setTimeout(put, LATE_MS, to, frame);
  else put(to, frame);
}

/** Only these are lost: losing ARP too would only make a test slow. */
function isUdp(frame: Buffer): boolean {
  return frame.length > 23 && frame.readUInt16BE(12) === 0x0800 && frame[23] === 17;
}

function put(to: number, frame: Buffer): void {
  try {
    writeSync(to, frame);
  } catch (error) {
    // The cable is not connected yet.
    if ((error as NodeJS.ErrnoException).code !== 'EIO') throw error;
  }
}

const [one, other] = [openTap('s1'), openTap('b0')];
process.stdout.write('ready\n');
carry(one, other);
carry(other, one);
