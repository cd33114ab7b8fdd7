import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseCidr } from '../../../src/protocol/ipv4-cidr.ts';
import type { Group } from '../../../src/provision/selection/group.ts';
import { GroupIndex } from '../../../src/provision/selection/group-index.ts';
import { labelsFor, labelsFromQuery } from '../../../src/provision/selection/labels.ts';
import type { Machine } from '../../../src/provision/machines/machine.ts';
import {
  findFailedRequirement,
  type Requirement,
  type Selector,
} from '../../../src/provision/selection/selector.ts';
import { parseMac } from '../../../src/protocol/mac-address.ts';

const is = (...values: string[]): Requirement[] => [{ kind: 'in', values: new Set(values) }];

function group(id: string, selector: Record<string, Requirement[]>, priority = 0): Group {
  const entries: Selector = new Map(Object.entries(selector));
  return { id, profile: 'p', priority, selector: entries, metadata: {}, dhcpOptions: new Map() };
}

const labels = (query: string): Map<string, string> => labelsFromQuery(new URLSearchParams(query));

describe('requirements', () => {
  const rows: [string, Requirement, string | undefined, boolean][] = [
    ['one of', { kind: 'in', values: new Set(['a', 'b']) }, 'b', true],
    ['one of, absent', { kind: 'in', values: new Set(['a']) }, undefined, false],
    ['none of', { kind: 'not_in', values: new Set(['a']) }, 'b', true],
    ['none of, excluded', { kind: 'not_in', values: new Set(['a']) }, 'a', false],
    ['none of, absent', { kind: 'not_in', values: new Set(['a']) }, undefined, true],
    ['prefix', { kind: 'prefix', prefixes: ['52:54', '00:'] }, '00:11', true],
    ['prefix, other', { kind: 'prefix', prefixes: ['52:54'] }, '00:11', false],
    ['pattern', { kind: 'regex', pattern: { source: 'x', test: (text) => text.includes('x') } }, 'axb', true],
    ['present', { kind: 'exists', exists: true }, 'a', true],
    ['present, absent', { kind: 'exists', exists: true }, undefined, false],
    ['absent', { kind: 'exists', exists: false }, undefined, true],
    ['network', { kind: 'cidr', cidrs: [parseCidr('10.0.1.0/24')!] }, '10.0.1.7', true],
    ['network, outside', { kind: 'cidr', cidrs: [parseCidr('10.0.1.0/24')!] }, '10.0.2.7', false],
    [
      'network, value that is not an address',
      { kind: 'cidr', cidrs: [parseCidr('0.0.0.0/0')!] },
      '10.0.2',
      false,
    ],
  ];
  test.each(rows)('%s', (_name, requirement, actual, met) => {
    const have = new Map(actual === undefined ? [] : [['x', actual]]);
    expect(findFailedRequirement(new Map([['x', [requirement]]]), have) === undefined).toBe(met);
  });
});

describe('precedence', () => {
  const rows: [string, Group[], string, string | undefined][] = [
    ['nothing matches', [group('a', { rack: is('1') })], 'rack=2', undefined],
    ['an empty selector matches all', [group('a', {})], '', 'a'],
    [
      'more labels come first',
      [group('a', { rack: is('1') }), group('b', { rack: is('1'), os: is('installed') })],
      'rack=1&os=installed',
      'b',
    ],
    [
      'priority comes before labels',
      [group('a', { rack: is('1') }, 1), group('b', { rack: is('1'), os: is('x') })],
      'rack=1&os=x',
      'a',
    ],
    [
      // Matchbox: "region=a,zone=z" is greater than "region=a,stage=prod".
      'the greater selector breaks a tie',
      [group('b', { region: is('a'), stage: is('prod') }), group('a', { region: is('a'), zone: is('z') })],
      'region=a&zone=z&stage=prod',
      'a',
    ],
    ['the id decides last', [group('b', { rack: is('1') }), group('a', { rack: is('1') })], 'rack=1', 'a'],
    [
      'any of a list',
      [group('a', { mac: is('52:54:00:00:00:01', '52:54:00:00:00:02') })],
      'mac=525400000002',
      'a',
    ],
  ];
  test.each(rows)('%s', (_name, groups, query, expected) => {
    expect(new GroupIndex(groups).select(labels(query))?.id).toBe(expected);
    expect(new GroupIndex([...groups].reverse()).select(labels(query))?.id).toBe(expected);
  });
});

test('the index chooses what trying every group in order would choose', () => {
  const value = fc.constantFrom('1', '2', '3');
  const requirement = fc.oneof(
    fc
      .uniqueArray(value, { minLength: 1 })
      .map((values): Requirement => ({ kind: 'in', values: new Set(values) })),
    fc
      .uniqueArray(value, { minLength: 1 })
      .map((values): Requirement => ({ kind: 'not_in', values: new Set(values) })),
    fc.boolean().map((exists): Requirement => ({ kind: 'exists', exists })),
  );
  const label = fc.constantFrom('rack', 'os', 'role');
  const someGroup = fc
    .tuple(
      fc.dictionary(label, fc.array(requirement, { minLength: 1, maxLength: 2 })),
      fc.integer({ min: 0, max: 2 }),
    )
    .map(([selector, priority]) => ({ selector, priority }));
  fc.assert(
    fc.property(fc.array(someGroup, { maxLength: 30 }), fc.dictionary(label, value), (specs, have) => {
      const groups = specs.map(({ selector, priority }, index) => group(`g${index}`, selector, priority));
      const index = new GroupIndex(groups);
      const wanted = new Map(Object.entries(have));
      const explained = index.explain(wanted);
      expect(index.select(wanted)?.id).toBe(explained.chosen?.id);
      expect(explained.others.length + (explained.chosen === undefined ? 0 : 1)).toBe(groups.length);
    }),
  );
});

test('explain names the first requirement that failed', () => {
  const index = new GroupIndex([
    group('a', { rack: is('1'), os: is('installed') }),
    group('b', { rack: is('1') }),
    group('c', {}),
  ]);
  const { chosen, others } = index.explain(labels('rack=1'));
  expect(chosen?.id).toBe('b');
  expect(others.map(({ group: { id }, reason }) => `${id}: ${reason}`)).toEqual([
    'a: os must be installed, and the machine has no such label',
    'c: matches, but b requires 1 labels and this one 0',
  ]);
});

describe('labels', () => {
  const rows: [string, string, Record<string, string>][] = [
    ['the first value of a parameter is used', 'rack=1&rack=2', { rack: '1' }],
    ['MACs are normalised in any spelling', 'MAC=5254.00A1.9CAE', { mac: '52:54:00:a1:9c:ae' }],
    ['an invalid MAC address is ignored', 'mac=garbage&rack=1', { rack: '1' }],
    [
      'UUIDs are normalised',
      'uuid=16E7D8A7-BFA9-428B-9117-363341BB330B',
      { uuid: '16e7d8a7-bfa9-428b-9117-363341bb330b' },
    ],
    ['a placeholder UUID is ignored', 'uuid=00000000-0000-0000-0000-000000000000', {}],
    ['placeholders are ignored', 'serial=To%20be%20filled%20by%20O.E.M.&product=Default%20string', {}],
    ['other names keep their letter case', 'Serial=ABC', { Serial: 'ABC' }],
    ['empty values are ignored', 'serial=&=x', {}],
    ['prototypes are ordinary names', '__proto__=x&constructor=y', { ['__proto__']: 'x', constructor: 'y' }],
  ];
  test.each(rows)('%s', (_name, query, expected) => {
    expect([...labels(query)]).toEqual(
      Object.entries(expected).length === 0 ? [] : [...new Map(Object.entries(expected))],
    );
  });

  test('bounded in number and length', () => {
    const many = Array.from({ length: 500 }, (_, index) => `l${index}=${'x'.repeat(5000)}`).join('&');
    const read = labels(many);
    expect(read.size).toBe(64);
    expect(read.get('l0')?.length).toBe(1024);
  });

  test('inventory overrides what the machine sends', () => {
    const machine: Machine = {
      id: 'node1',
      macs: [parseMac('52:54:00:00:00:01')!, parseMac('52:54:00:00:00:02')!],
      labels: { rack: '1' },
      metadata: {},
    };
    const identification = { machine, matchedBy: 'mac', card: 'listed', conflicts: [] } as const;
    const claimed = labels('mac=52:54:00:00:00:02&rack=9&os=installed');
    expect(Object.fromEntries(labelsFor(claimed, identification))).toEqual({
      mac: '52:54:00:00:00:02',
      machine: 'node1',
      os: 'installed',
      rack: '1',
    });
  });
});
