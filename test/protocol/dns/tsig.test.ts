import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeDnsMessage, encodeDnsMessage, encodeRecord } from '../../../src/protocol/dns/dns-message.ts';
import { parseDnsName } from '../../../src/protocol/dns/dns-name.ts';
import { signRequest, type TsigKey, verifyAnswer } from '../../../src/protocol/dns/tsig.ts';
import { GOLDEN_KEY, GOLDEN_SIGNED_AT, NSUPDATE_REQUEST } from './golden-updates.ts';

const NOW = 1_790_000_000;
const plain = encodeDnsMessage({
  id: 0x1234,
  response: true,
  opcode: 5,
  truncated: false,
  rcode: 0,
  questions: [],
  answers: [],
  authorities: [],
  additionals: [],
});

test('signs as nsupdate does: the same message, key and time give the same signature', () => {
  const { lastRecordOffset } = decodeDnsMessage(NSUPDATE_REQUEST);
  const unsigned = Uint8Array.from(NSUPDATE_REQUEST.subarray(0, lastRecordOffset));
  unsigned[11] = 0;
  expect(signRequest(unsigned, GOLDEN_KEY, GOLDEN_SIGNED_AT).bytes).toEqual(NSUPDATE_REQUEST);
});

describe('an answer', () => {
  const asAnswer = (key: TsigKey, at = NOW): Uint8Array => signAnswer(plain, key, at);
  const verify = (bytes: Uint8Array, key: TsigKey, now = NOW) =>
    verifyAnswer(bytes, decodeDnsMessage(bytes), key, REQUEST_MAC, now);

  test.each(['hmac-sha256', 'hmac-sha384', 'hmac-sha512'] as const)(
    'signed by %s is genuine',
    (algorithm) => {
      const key = { ...GOLDEN_KEY, algorithm };
      expect(verify(asAnswer(key), key)).toEqual({ kind: 'genuine' });
    },
  );

  test('over another request is refused', () => {
    const bytes = asAnswer(GOLDEN_KEY);
    const verdict = verifyAnswer(bytes, decodeDnsMessage(bytes), GOLDEN_KEY, new Uint8Array(32), NOW);
    expect(verdict).toEqual({ kind: 'refused', reason: 'the signature of the answer is wrong' });
  });

  test('by another secret is refused', () => {
    const other = { ...GOLDEN_KEY, secret: Buffer.from('another secret') };
    expect(verify(asAnswer(other), GOLDEN_KEY).kind).toBe('refused');
  });

  test('by a key of another name is refused', () => {
    const other = { ...GOLDEN_KEY, name: parseDnsName('other')! };
    expect(verify(asAnswer(other), GOLDEN_KEY)).toMatchObject({
      reason: 'the answer is signed with another key',
    });
  });

  test('without a signature is refused', () => {
    expect(verify(plain, GOLDEN_KEY)).toEqual({ kind: 'refused', reason: 'the answer is not signed' });
  });

  test.each([
    [300, 'genuine'],
    [301, 'refused'],
    [-301, 'refused'],
  ])('signed %d seconds ago is %s', (seconds, kind) => {
    expect(verify(asAnswer(GOLDEN_KEY, NOW - seconds), GOLDEN_KEY).kind).toBe(kind);
  });

  test.each([
    [16, 'BADSIG'],
    [17, 'BADKEY'],
  ])('with the unsigned error %d names it', (error, name) => {
    const bytes = joinTsig(plain, tsigRdata({ error, mac: new Uint8Array(0) }));
    expect(verify(bytes, GOLDEN_KEY)).toEqual({
      kind: 'refused',
      reason: `the server refuses the key railhead: ${name}`,
    });
  });

  test('with any byte changed is refused or malformed, and no other error is thrown', () => {
    const bytes = asAnswer(GOLDEN_KEY);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        (index, change) => {
          const changed = Uint8Array.from(bytes);
          changed[index] = (changed[index] ?? 0) ^ change;
          let verdict: string;
          try {
            verdict = verify(changed, GOLDEN_KEY).kind;
          } catch (error) {
            verdict = (error as Error).name;
          }
          // The message id itself is not signed, but the original id in the TSIG record is. The letters of names can be
          // in either case.
          if (index < 2 || change === 0x20) return;
          // Class and TTL of the TSIG record are constants, and the signature covers only these constants.
          if (index >= CONSTANTS_AT && index < CONSTANTS_AT + 6) return;
          expect(['refused', 'MalformedMessage']).toContain(verdict);
        },
      ),
      { numRuns: 500 },
    );
  });
});

const REQUEST_MAC = Uint8Array.from({ length: 32 }, (_, index) => index);
/** The position of class and TTL in the TSIG record: after header, name and type. */
const CONSTANTS_AT = 12 + 10 + 2;

/** What a server does (RFC 8945 section 5.4.1): it signs the request's signature and the message. */
function signAnswer(message: Uint8Array, key: TsigKey, at: number): Uint8Array {
  const { mac } = signRequest(Uint8Array.from([0, REQUEST_MAC.length, ...REQUEST_MAC, ...message]), key, at);
  const { bytes } = signRequest(message, key, at);
  const decoded = decodeDnsMessage(bytes);
  const record = decoded.additionals.at(-1)!;
  const rdata = Uint8Array.from(record.rdata);
  rdata.set(mac, key.algorithm.length + 2 + 10);
  return Uint8Array.from([
    ...bytes.subarray(0, decoded.lastRecordOffset),
    ...encodeRecord({ ...record, rdata }),
  ]);
}

function tsigRdata({ error, mac }: { error: number; mac: Uint8Array }): Uint8Array {
  const name = [11, ...Buffer.from('hmac-sha256'), 0];
  return Uint8Array.from([
    ...name, 0, 0, 0, 0, 0, 0, 1, 0x2c, 0, mac.length, ...mac, 0x12, 0x34, 0, error, 0, 0,
  ]); // prettier-ignore
}

function joinTsig(message: Uint8Array, rdata: Uint8Array): Uint8Array {
  const bytes = Uint8Array.from([
    ...message,
    ...encodeRecord({ name: GOLDEN_KEY.name, type: 250, class: 255, ttl: 0, rdata }),
  ]);
  bytes[11] = 1;
  return bytes;
}
