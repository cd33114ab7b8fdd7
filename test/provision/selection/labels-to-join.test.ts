import { expect, test } from 'vitest';
import { labelsToJoin } from '../../../src/provision/selection/labels-to-join.ts';
import type { Requirement, Selector } from '../../../src/provision/selection/selector.ts';

const oneOf = (...values: string[]): Requirement => ({ kind: 'in', values: new Set(values) });
const selector = (requirements: Record<string, Requirement[]>): Selector =>
  new Map(Object.entries(requirements));

test.each<[string, Record<string, Requirement[]>, Record<string, string>, Record<string, string>]>([
  ['a selector without requirements', {}, {}, {}],
  ['one value', { role: [oneOf('worker')] }, {}, { role: 'worker' }],
  ['several labels', { role: [oneOf('worker')], rack: [oneOf('1')] }, {}, { role: 'worker', rack: '1' }],
  [
    'what the machine has already',
    { role: [oneOf('worker')], rack: [oneOf('1')] },
    { rack: '1' },
    { role: 'worker' },
  ],
  ['a choice that was made', { rack: [oneOf('1', '2')] }, { rack: '2' }, {}],
  [
    'a label that must be absent',
    { role: [oneOf('worker')], os: [{ kind: 'exists', exists: false }] },
    {},
    { role: 'worker' },
  ],
])('%s', (_what, requirements, labels, added) => {
  expect(labelsToJoin(selector(requirements), new Map(Object.entries(labels)))).toEqual(
    new Map(Object.entries(added)),
  );
});

test.each<[string, Record<string, Requirement[]>, Record<string, string>, string]>([
  ['several values', { rack: [oneOf('1', '2')] }, {}, 'rack'],
  ['another value', { role: [oneOf('worker')] }, { role: 'storage' }, 'role'],
  ['a prefix', { rack: [{ kind: 'prefix', prefixes: ['a'] }] }, {}, 'rack'],
  ['a label that must be absent', { os: [{ kind: 'exists', exists: false }] }, { os: 'installed' }, 'os'],
])('not for %s', (_what, requirements, labels, label) => {
  expect(labelsToJoin(selector(requirements), new Map(Object.entries(labels)))).toMatchObject({ label });
});
