import { describe, expect, test } from 'vitest';
import type { Ipv4Address } from '../../../src/protocol/ipv4-address.ts';
import { type MacAddress, parseMac } from '../../../src/protocol/mac-address.ts';
import {
  BOOT_EVENT_KINDS,
  type BootEvent,
  type BootEventKind,
} from '../../../src/provision/history/boot-event.ts';
import { EventBudget } from '../../../src/provision/history/event-budget.ts';

const macOf = (machine: number): MacAddress => parseMac(`0200${machine.toString(16).padStart(8, '0')}`)!;

const event = (machine: number, kind: BootEventKind, extra: Partial<BootEvent> = {}): BootEvent => ({
  at: new Date(0),
  kind,
  mac: macOf(machine),
  summary: 'it happened',
  detail: { stage: 'firmware' },
  ...extra,
});

/** How many of `count` events that are spread evenly over `seconds` are accepted. */
function admitted(
  budget: EventBudget,
  count: number,
  seconds: number,
  make: (n: number) => BootEvent,
): number {
  let total = 0;
  for (let n = 0; n < count; n++) {
    if (budget.take(make(n), (n / count) * seconds * 1000) === undefined) total++;
  }
  return total;
}

describe('a boot storm is recorded completely', () => {
  test.each([
    ['of known machines', true],
    ['of unknown machines', false],
  ])('%s: ten thousand within two minutes, with 15 events each', (_, known) => {
    const budget = new EventBudget(() => known);
    const kinds = BOOT_EVENT_KINDS.filter((kind) => kind !== 'machine.report').slice(0, 14);
    const steps = 10_000 * 15;
    const make = (n: number): BootEvent =>
      event(n % 10_000, kinds[Math.floor(n / 10_000)] ?? 'machine.report', { detail: { report: 'done' } });
    expect(admitted(budget, steps, 120, make)).toBe(steps);
  });

  test('of machines with long reports: 6 KiB from each', () => {
    const budget = new EventBudget(() => true);
    const detail = { report: 'x'.repeat(6000) };
    const make = (n: number): BootEvent => event(n, 'machine.report', { detail });
    expect(admitted(budget, 10_000, 120, make)).toBe(10_000);
  });
});

describe('a flood is limited', () => {
  test('of forged machines: 5,000 a second for two minutes', () => {
    const count = admitted(new EventBudget(() => false), 600_000, 120, (n) => event(n, 'dhcp.offer'));
    expect(Math.abs(count - (150_000 + 120 * 100))).toBeLessThanOrEqual(1);
  });

  test('and does not affect known machines', () => {
    const budget = new EventBudget(({ machineId }) => machineId !== undefined);
    admitted(budget, 300_000, 10, (n) => event(n, 'dhcp.offer'));
    expect(budget.take(event(1, 'dhcp.ack'), 10_000)).toBe('unknown_rate');
    expect(budget.take(event(1, 'dhcp.ack', { machineId: 'node1' }), 10_000)).toBeUndefined();
  });

  test('of large events uses up the budget sooner', () => {
    const detail = { product: 'x'.repeat(3000) };
    const make = (n: number): BootEvent => event(n, 'machine.discovered', { detail });
    expect(admitted(new EventBudget(() => false), 100_000, 0, make)).toBe(50_000);
  });

  test.each<[kind: BootEventKind, extra: Partial<BootEvent>, count: number]>([
    ['dhcp.nak', {}, 40],
    ['dhcp.foreign_server', {}, 40],
    ['machine.report', { detail: { report: 'x' } }, 40],
    ['ipxe.waiting', {}, 3],
    ['ignition.refused', {}, 3],
  ])('of one client: 5,000 %s within a minute', (kind, extra, count) => {
    const make = (): BootEvent => event(1, kind, extra);
    const made = admitted(new EventBudget(() => true), 5000, 60, make);
    expect(Math.abs(made - count)).toBeLessThanOrEqual(1);
  });

  test('of long reports: 64 KiB each from new machines', () => {
    const budget = new EventBudget(() => false);
    const detail = { report: 'x'.repeat(65_000) };
    const make = (n: number): BootEvent => event(n, 'machine.report', { detail });
    expect(admitted(budget, 2_000, 60, make)).toBeLessThan(1100);
    expect(budget.take(make(2_000), 60_000)).toBe('report_rate');
  });
});

test('a waiting machine is recorded every ten minutes, and at once when the reason changes', () => {
  const budget = new EventBudget(() => false);
  const waiting = (summary: string) => event(1, 'ipxe.waiting', { summary });
  expect(admitted(budget, 240, 3600, () => waiting('no group'))).toBe(3 + 5);
  expect(budget.take(waiting('no group'), 3_600_001)).toBeUndefined();
  expect(budget.take(waiting('no group'), 3_600_002)).toBe('repeated');
  expect(budget.take(waiting('another group'), 3_600_003)).toBeUndefined();
});

test("one kind of event does not use up the budget of a client's other kinds", () => {
  const budget = new EventBudget(() => false);
  admitted(budget, 100, 0, () => event(1, 'dhcp.nak'));
  expect(budget.take(event(1, 'dhcp.nak'), 0)).toBe('client_rate');
  expect(budget.take(event(1, 'dhcp.ack'), 0)).toBeUndefined();
});

test('a known machine has one budget for all its cards', () => {
  const budget = new EventBudget(() => true);
  const make = (n: number): BootEvent => event(n, 'dhcp.offer', { machineId: 'node1' });
  expect(admitted(budget, 5000, 0, make)).toBe(30);
});

test('without a card the budget is that of the address', () => {
  const budget = new EventBudget(() => false);
  const { mac: _, ...rest } = event(1, 'http.asset');
  admitted(budget, 100, 0, () => ({ ...rest, address: '10.0.0.1' as never }));
  expect(budget.take({ ...rest, address: '10.0.0.1' as never }, 0)).toBe('client_rate');
  expect(budget.take({ ...rest, address: '10.0.0.2' as never }, 0)).toBeUndefined();
});

test('reports sent from elsewhere in a machine’s name are charged to their source address', () => {
  const isOwn = ({ address }: BootEvent): boolean => address === '10.0.0.5';
  const budget = new EventBudget(() => true, isOwn);
  const report = (address: string): BootEvent => ({
    ...event(1, 'machine.report', { detail: { report: 'x' } }),
    machineId: 'node1',
    address: address as Ipv4Address,
  });
  const refused = (address: string, count: number): number =>
    Array.from({ length: count }, () => budget.take(report(address), 0)).filter((one) => one !== undefined)
      .length;
  expect(refused('10.0.0.66', 100)).toBe(70);
  expect(refused('10.0.0.5', 30)).toBe(0);
  // Many unknown machines together do not either, with the longest reports that are allowed.
  const long = { report: 'x'.repeat(60_000) };
  for (let host = 0; host < 1200; host++) budget.take({ ...report(`10.9.0.${host % 60}`), detail: long }, 0);
  expect(budget.take({ ...report('10.9.1.1'), detail: long }, 0)).toBe('report_rate');
  expect(budget.take({ ...report('10.0.0.5'), machineId: 'node2' }, 0)).toBeUndefined();
});
