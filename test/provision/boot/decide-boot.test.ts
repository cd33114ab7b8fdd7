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
  ['so does one that no record knows', UNKNOWN, MAC, MATCH, 'fail', { kind: 'boot' }],
  ['a disabled one boots from its disk, whatever is meant for it', DISABLED, MAC, MATCH, 'wait', no('local', 'disabled', /^machine n1 is disabled$/)],
  ['also where its profile is broken', DISABLED, MAC, PROBLEM, 'wait', no('local', 'disabled', /n1/)],
  ['also while no catalog is loaded', DISABLED, MAC, NOT_READY, 'fail', no('local', 'disabled', /n1/)],
  ['also where no group selects it', DISABLED, MAC, NONE, 'fail', no('local', 'disabled', /n1/)],
  ['a broken profile makes its machines wait, with the reason', KNOWN, MAC, PROBLEM, 'local', no('wait', 'problem', /profiles\/p\.yaml:3:1/)],
  ['also those that no record knows', UNKNOWN, MAC, PROBLEM, 'fail', no('wait', 'problem', /p\.yaml/)],
  ['without a catalog everybody waits', UNKNOWN, MAC, NOT_READY, 'fail', no('wait', 'not_ready', /the catalog could not be read/)],
  ['a known machine without a group waits', KNOWN, MAC, NONE, 'wait', no('wait', 'unmatched', /^no group selects machine n1$/)],
  ['an unknown one as well', UNKNOWN, MAC, NONE, 'wait', no('wait', 'unmatched', /^no group selects MAC 52:54:00:00:00:01$/)],
  ['or boots from its disk', UNKNOWN, MAC, NONE, 'local', no('local', 'unmatched', /no group/)],
  ['or stops', UNKNOWN, MAC, NONE, 'fail', no('refuse', 'unmatched', /no group/)],
  ['a UUID is enough to be told apart', UNKNOWN, { uuid: 'u' }, NONE, 'wait', no('wait', 'unmatched', /UUID u/)],
  ['one that says nothing of itself cannot be told apart', UNKNOWN, { rack: '9' }, NONE, 'wait', no('wait', 'unidentified', /neither MAC nor UUID/)],
  ['nor with another policy', UNKNOWN, {}, NONE, 'fail', no('refuse', 'unidentified', /neither/)],
]; // prettier-ignore

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
  // Only what no label can change is withheld by planes that know little more than a card.
  expect(mayStartNetworkBoot(decision)).toBe(decision.cause !== 'disabled');
});
