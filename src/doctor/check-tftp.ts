import { createSocket } from 'node:dgram';
import type { Ipv4Address } from '../protocol/ipv4-address.ts';
import type { Finding } from './finding.ts';

const PORT = 69;
const TRIES = 3;
/** Timeout of each attempt. */
const WAIT_MS = 1_000;

/** Opcodes of RFC 1350 section 5 and RFC 2347. */
const RRQ = 1;
const DATA = 3;
const ERROR = 5;
const OACK = 6;

/**
 * Requests a file at an address of this host, as firmware does, and stops after the first answer. The answer must come
 * from the address that was asked: firmware drops any other.
 */
export async function checkTftp(
  address: Ipv4Address,
  file: string,
  { port = PORT, waitMs = WAIT_MS } = {},
): Promise<Finding> {
  const answer = await askOnce(address, port, file, waitMs);
  const where = `TFTP at ${address}`;
  const check = 'tftp';
  if (answer === undefined) {
    return {
      check,
      verdict: 'problem',
      text: `${where} does not answer a request for ${file}`,
      remedy: 'check that Railhead runs with TFTP on this interface, and that no firewall drops UDP port 69',
    };
  }
  if (answer.from !== address) {
    return {
      check,
      verdict: 'problem',
      text: `${where} answers from ${answer.from}, which firmware does not accept`,
      remedy: 'let the server listen on each address, not on 0.0.0.0',
    };
  }
  const opcode = answer.bytes.length >= 4 ? answer.bytes.readUInt16BE(0) : 0;
  if (opcode === DATA || opcode === OACK) return { check, verdict: 'ok', text: `${where} serves ${file}` };
  const message = opcode === ERROR ? answer.bytes.subarray(4).toString('latin1').replace(/\0.*/s, '') : '';
  return {
    check,
    verdict: 'problem',
    text: `${where} does not serve ${file}: ${message.replace(/[^\x20-\x7e]/g, '?') || 'not a TFTP answer'}`,
    remedy: 'add the file to the boot programs',
  };
}

function askOnce(
  address: Ipv4Address,
  port: number,
  file: string,
  waitMs: number,
): Promise<{ bytes: Buffer; from: string } | undefined> {
  const request = Buffer.from(
    `\0${String.fromCharCode(RRQ)}${file}\0octet\0tsize\x000\0blksize\x001468\0`,
    'latin1',
  );
  const socket = createSocket('udp4');
  return new Promise((resolve) => {
    let tries = 0;
    const finish = (answer?: { bytes: Buffer; from: string }): void => {
      clearInterval(timer);
      socket.close();
      resolve(answer);
    };
    const ask = (): void => {
      if (tries++ === TRIES) finish();
      else socket.send(request, port, address, () => undefined);
    };
    const timer = setInterval(ask, waitMs);
    socket.on('error', () => undefined);
    socket.once('message', (bytes, source) => {
      // The server would wait for further ACKs: this ends its transfer (RFC 1350 section 7).
      const enough = Buffer.from(`\0${String.fromCharCode(ERROR)}\0\0enough\0`, 'latin1');
      socket.send(enough, source.port, source.address, () => finish({ bytes, from: source.address }));
    });
    ask();
  });
}
