import { describe, expect, test } from 'vitest';
import { dhcidRdata } from '../../../src/protocol/dns/dhcid.ts';
import { parseDnsName } from '../../../src/protocol/dns/dns-name.ts';

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(':', ''), 'hex'));

describe('the examples of RFC 4701 section 3.6', () => {
  test('a client identified by its hardware address', () => {
    const rdata = dhcidRdata(
      { kind: 'hardware', htype: 1, chaddr: hex('01:02:03:04:05:06') },
      parseDnsName('client.example.com')!,
    );
    expect(base64(rdata)).toBe('AAABxLmlskllE0MVjd57zHcWmEH3pCQ6VytcKD//7es/deY=');
  });

  test('a client identified by its client identifier', () => {
    const rdata = dhcidRdata(
      { kind: 'clientIdentifier', bytes: hex('01:07:08:09:0a:0b:0c') },
      parseDnsName('chi.example.com')!,
    );
    expect(base64(rdata)).toBe('AAEBOSD+XR3Os/0LozeXVqcNc7FwCfQdWL3b/NaiUDlW2No=');
  });

  test('a client identified by its DUID, which follows an IAID in its client identifier', () => {
    const duid = '00:01:00:06:41:2d:f1:66:01:02:03:04:05:06';
    const rdata = dhcidRdata(
      { kind: 'clientIdentifier', bytes: hex(`ff:00:00:00:07:${duid}`) },
      parseDnsName('chi6.example.com')!,
    );
    expect(base64(rdata)).toBe('AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=');
  });
});

test('the case of the name makes no difference, another name or client does', () => {
  const client = { kind: 'hardware', htype: 1, chaddr: hex('01:02:03:04:05:06') } as const;
  const other = { ...client, chaddr: hex('01:02:03:04:05:07') };
  const rdata = base64(dhcidRdata(client, parseDnsName('Client.Example.com')!));
  expect(rdata).toBe(base64(dhcidRdata(client, parseDnsName('client.example.com')!)));
  expect(rdata).not.toBe(base64(dhcidRdata(client, parseDnsName('client2.example.com')!)));
  expect(rdata).not.toBe(base64(dhcidRdata(other, parseDnsName('client.example.com')!)));
});
