import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDnsName } from '../../../src/protocol/dns/dns-name.ts';
import {
  type DnsRecord,
  nextDnsTask,
  recordAfter,
  recordBefore,
  taskName,
  type WantedName,
} from '../../../src/provision/dns/dns-record.ts';
import { ip } from '../dhcp/dhcp-rig.ts';

const address = ip('10.0.1.20');
const web1: WantedName = {
  name: parseDnsName('web1.lab')!,
  dhcid: 'aa',
  ttlSeconds: 600,
  forward: true,
  reverse: true,
};
const present: DnsRecord = { ...web1, address, forwardPresence: 'present', reversePresence: 'present' };

describe('the next step', () => {
  test.each<[string, WantedName | undefined, DnsRecord | undefined, boolean, string]>([
    ['nothing wanted, nothing there', undefined, undefined, false, 'rest'],
    ['a new name', web1, undefined, false, 'add_forward'],
    ['the PTR record after it', web1, { ...present, reversePresence: 'absent' }, false, 'add_reverse'],
    ['everything is in DNS', web1, present, false, 'rest'],
    [
      'an update with unknown result is repeated',
      web1,
      { ...present, forwardPresence: 'unsure' },
      false,
      'add_forward',
    ],
    ['another TTL', { ...web1, ttlSeconds: 1200 }, present, false, 'add_forward'],
    ['only reverse', { ...web1, forward: false }, undefined, false, 'add_reverse'],
    ['forward no longer wanted', { ...web1, forward: false }, present, false, 'remove_forward'],
    ['reverse no longer wanted', { ...web1, reverse: false }, present, false, 'remove_reverse'],
    ['an ended lease: the A record is removed', undefined, present, false, 'remove_forward'],
    [
      'an ended lease: then the PTR record is removed',
      undefined,
      { ...present, forwardPresence: 'absent' },
      false,
      'remove_reverse',
    ],
    [
      'an ended lease: then the stored record is deleted',
      undefined,
      { ...present, forwardPresence: 'absent', reversePresence: 'absent' },
      false,
      'forget',
    ],
    ['another name', { ...web1, name: parseDnsName('web2.lab')! }, present, false, 'remove_forward'],
    ['the same name of another client', { ...web1, dhcid: 'bb' }, present, false, 'remove_forward'],
    ['a name of another client', web1, undefined, true, 'rest'],
    [
      'a PTR record to a name of another client',
      web1,
      { ...present, forwardPresence: 'absent' },
      true,
      'remove_reverse',
    ],
  ])('%s', (_, wanted, record, conflict, kind) => {
    expect(nextDnsTask(wanted, record, conflict).kind).toBe(kind);
  });
});

const arbitraryWanted = fc.option(
  fc.record<WantedName>({
    name: fc.constantFrom('a.lab', 'b.lab').map((text) => parseDnsName(text)!),
    dhcid: fc.constantFrom('aa', 'bb'),
    ttlSeconds: fc.constantFrom(600, 1200),
    forward: fc.boolean(),
    reverse: fc.boolean(),
  }),
  { nil: undefined },
);

test('from any earlier state a few steps lead to the wanted one, and the stored record always covers what DNS has', () => {
  fc.assert(
    fc.property(fc.array(arbitraryWanted, { minLength: 1, maxLength: 6 }), fc.integer(), (wishes, seed) => {
      // What DNS has for this address.
      const dns = { forward: undefined as string | undefined, reverse: undefined as string | undefined };
      let record: DnsRecord | undefined;
      let steps = 0;
      wishes.forEach((wanted, index) => {
        const isLast = index === wishes.length - 1;
        // All wanted states except the last are interrupted somewhere.
        for (let budget = isLast ? 20 : Math.abs(seed >> index) % 4; budget > 0; budget--) {
          const task = nextDnsTask(wanted, record, false);
          if (task.kind === 'rest') break;
          if (task.kind === 'forget') {
            expect(dns).toEqual({ forward: undefined, reverse: undefined });
            record = undefined;
            continue;
          }
          record = recordBefore(task, address, record);
          const text = `${taskName(task)} ${'wanted' in task ? task.wanted.dhcid : task.record.dhcid}`;
          const ttl = 'wanted' in task ? task.wanted.ttlSeconds : 0;
          if (task.kind === 'add_forward') dns.forward = `${text} ${ttl}`;
          if (task.kind === 'add_reverse') dns.reverse = `${text} ${ttl}`;
          if (task.kind === 'remove_forward' && dns.forward?.startsWith(text) === true)
            dns.forward = undefined;
          if (task.kind === 'remove_reverse' && dns.reverse?.startsWith(text) === true)
            dns.reverse = undefined;
          // A crash here leaves `record` unchanged: it must cover what DNS has.
          expect(
            dns.forward === undefined ||
              record.forwardPresence !== 'absent' ||
              task.kind === 'remove_forward',
          ).toBe(true);
          expect(
            dns.reverse === undefined ||
              record.reversePresence !== 'absent' ||
              task.kind === 'remove_reverse',
          ).toBe(true);
          if (isLast || ((seed >> steps++) & 3) !== 0) record = recordAfter(task, 'done', record);
        }
        if (!isLast) return;
        const text = wanted && `${wanted.name} ${wanted.dhcid} ${wanted.ttlSeconds}`;
        expect(dns).toEqual({
          forward: wanted?.forward === true ? text : undefined,
          reverse: wanted?.reverse === true ? text : undefined,
        });
      });
    }),
    { numRuns: 500 },
  );
});
