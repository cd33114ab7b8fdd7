import type { TsigKey } from '../../../src/protocol/dns/tsig.ts';
import { parseDnsName } from '../../../src/protocol/dns/dns-name.ts';

/** The key of these packets. */
export const GOLDEN_KEY: TsigKey = {
  name: parseDnsName('railhead')!,
  algorithm: 'hmac-sha256',
  secret: Buffer.from('0123456789abcdef0123456789abcdef'),
};

/** When nsupdate signed, in seconds since the epoch. */
export const GOLDEN_SIGNED_AT = 0x6b06ea0d;

/**
 * Captured from nsupdate 9.18.49: web1.rack1.example.com is given to a client if no one has the name.
 *
 *     zone rack1.example.com
 *     prereq nxdomain web1.rack1.example.com
 *     update add web1.rack1.example.com 1200 A 10.0.1.20
 *     update add web1.rack1.example.com 1200 DHCID AAABxLmlskllE0MVjd57zHcWmEH3pCQ6VytcKD//7es/deY=
 */
export const NSUPDATE_REQUEST = bytes(`
  575e 2800 0001 0001 0002 0001                      id, opcode UPDATE, one zone, one prerequisite, two updates, TSIG
  05 7261636b31 07 6578616d706c65 03 636f6d 00       rack1.example.com
  0006 0001                                          SOA IN
  04 77656231 c00c 00ff 00fe 00000000 0000           web1, pointer; ANY NONE: the name is not in use
  c023 0001 0001 000004b0 0004 0a000114              A 10.0.1.20 for 1200 s
  c023 0031 0001 000004b0 0023                       DHCID
    000001 c4b9a5b249651343158dde7bcc77169841f7a4243a572b5c283fffedeb3f75e6
  08 7261696c68656164 00 00fa 00ff 00000000 003d     TSIG of the key railhead
    0b 686d61632d736861323536 00                     hmac-sha256
    00006b06ea0d 012c 0020                           signed at, fudge 300, 32 bytes of MAC
    ed9a2d6edc9314f08798f64b79a4cc085c93c1eac09aeeda9ab05cc80050adb2
    575e 0000 0000                                   original id, no error, no other data
`);

/** Hex of an annotated listing: groups of digits, and a remark after two or more blanks. */
function bytes(listing: string): Uint8Array {
  const digits = listing
    .split('\n')
    .map((line) => line.trim().split(/ {2,}/)[0] ?? '')
    .join('')
    .replaceAll(' ', '');
  return Uint8Array.from(Buffer.from(digits, 'hex'));
}
