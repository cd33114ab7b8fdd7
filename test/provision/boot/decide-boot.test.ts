import { expect, test } from 'vitest';
import {
  type BootDecision,
  type CatalogAnswer,
  decideBoot,
  mayStartNetworkBoot,
  stateOf,
  type UnmatchedPolicy,
} from '../../../src/provision/boot/decide-boot.ts';
import type { Identification } from '../../../src/provision/machines/identification.ts';
import type { Machine } from '../../../src/provision/machines/machine.ts';

const record = (disabled: boolean): Machine => ({ id: 'n1', macs: [], labels: {}, metadata: {}, disabled });
const UNKNOWN: Identification = { card: 'unlisted', conflicts: [] };
const KNOWN: Identification = { machine: record(false), matchedBy: 'mac', card: 'listed', conflicts: [] };
const DISABLED: Identification = { ...KNOWN, machine: record(true) };

const MATCH: CatalogAnswer<string> = { kind: 'match', match: 'profile' };
const NONE: CatalogAnswer<string> = { kind: 'none' };
const PROBLEM: CatalogAnswer<string> = { kind: 'problem', reason: 'profiles/p.yaml:3:1: broken' };
const NOT_READY: CatalogAnswer<string> = { kind: 'not_ready' };
const MAC = { mac: '52:54:00:00:00:01' };

const no = (kind: 'wait' | 'local' | 'refuse', cause: string, reason: RegExp) => ({ kind, cause, reason });

const rows: readonly (readonly [
  name: string,
  identification: Identification,
  labels: Record<string, string>,
  catalog: CatalogAnswer<string>,
  unmatched: UnmatchedPolicy,
  expected: { readonly kind: string; readonly cause?: string; readonly reason?: RegExp },
])[] = [
  ['a machine with a profile boots it', KNOWN, MAC, MATCH, 'wait', { kind: 'boot' }],
  ['so does a machine without a record', UNKNOWN, MAC, MATCH, 'fail', { kind: 'boot' }],
  ['a disabled machine boots from its disk, even if a profile is selected for it', DISABLED, MAC, MATCH, 'wait', no('local', 'disabled', /^machine n1 is disabled$/)],
  ['a disabled machine boots from its disk even if its profile is broken', DISABLED, MAC, PROBLEM, 'wait', no('local', 'disabled', /n1/)],
  ['a disabled machine boots from its disk even if no catalog is loaded', DISABLED, MAC, NOT_READY, 'fail', no('local', 'disabled', /n1/)],
  ['a disabled machine boots from its disk even if no group selects it', DISABLED, MAC, NONE, 'fail', no('local', 'disabled', /n1/)],
  ['a broken profile makes its machines wait, with the reason', KNOWN, MAC, PROBLEM, 'local', no('wait', 'problem', /profiles\/p\.yaml:3:1/)],
  ['a broken profile makes machines without a record wait too', UNKNOWN, MAC, PROBLEM, 'fail', no('wait', 'problem', /p\.yaml/)],
  ['without a catalog all machines wait', UNKNOWN, MAC, NOT_READY, 'fail', no('wait', 'not_ready', /the catalog could not be read/)],
  ['a known machine without a group waits', KNOWN, MAC, NONE, 'wait', no('wait', 'unmatched', /^no group selects machine n1$/)],
  ['an unknown machine without a group waits', UNKNOWN, MAC, NONE, 'wait', no('wait', 'unmatched', /^no group selects MAC 52:54:00:00:00:01$/)],
  ['a machine without a group boots from its disk with `unmatched: local`', UNKNOWN, MAC, NONE, 'local', no('local', 'unmatched', /no group/)],
  ['a machine without a group stops with `unmatched: fail`', UNKNOWN, MAC, NONE, 'fail', no('refuse', 'unmatched', /no group/)],
  ['a UUID is enough to identify a machine', UNKNOWN, { uuid: 'u' }, NONE, 'wait', no('wait', 'unmatched', /UUID u/)],
  ['a machine that sends neither MAC nor UUID is unidentified', UNKNOWN, { rack: '9' }, NONE, 'wait', no('wait', 'unidentified', /neither MAC nor UUID/)],
  ['a machine that sends neither MAC nor UUID is unidentified with another policy too', UNKNOWN, {}, NONE, 'fail', no('refuse', 'unidentified', /neither/)],
]; // prettier-ignore

const LOOKED_UP = { identification: KNOWN, state: 'known', labels: new Map(), unmatched: 'local' } as const;

test.each([
  [PROBLEM, 'machine n1 is installed, and profiles/p.yaml:3:1: broken'],
  [NOT_READY, 'machine n1 is installed, and the catalog could not be read and no earlier copy is stored'],
])(
  'an installed machine boots from its disk even if its profile is broken or no catalog is loaded',
  (catalog, reason) => {
    expect(decideBoot({ ...LOOKED_UP, catalog, isInstalled: true, life: { kind: 'boot' } })).toEqual({
      kind: 'local',
      cause: 'installed',
      reason,
    });
    // Armed again, or not installed yet, it waits.
    expect(decideBoot({ ...LOOKED_UP, catalog, isInstalled: false, life: { kind: 'boot' } })).toMatchObject({
      kind: 'wait',
    });
  },
);

test('a machine that has failed waits if its profile has no rescue system, and the reason says both', () => {
  const catalog = { kind: 'no_profile', reason: 'there is no profile "rescue"' } as const;
  const life = {
    kind: 'boot',
    purpose: 'rescue',
    event: 'rebooted_without_report',
    reason: 'machine n1 has failed: x',
  } as const;
  expect(decideBoot({ ...LOOKED_UP, catalog, life })).toEqual({
    kind: 'wait',
    cause: 'no_profile',
    reason: 'machine n1 has failed: x; and there is no profile "rescue"',
    event: 'rebooted_without_report',
  });
});

test.each(rows)('%s', (_name, identification, labels, catalog, unmatched, expected) => {
  const decision: BootDecision<string> = decideBoot({
    state: stateOf(identification),
    identification,
    labels: new Map(Object.entries(labels)),
    catalog,
    unmatched,
  });
  if (decision.kind === 'boot') {
    expect({ kind: 'boot', match: decision.match }).toEqual({ ...expected, match: 'profile' });
    return;
  }
  expect({ kind: decision.kind, cause: decision.cause }).toEqual({
    kind: expected.kind,
    cause: expected.cause,
  });
  expect(decision.reason).toMatch(expected.reason!);
  // Planes that know little more than a MAC address withhold the program only where no label can change the decision.
  expect(mayStartNetworkBoot(decision)).toBe(decision.cause !== 'disabled');
});
