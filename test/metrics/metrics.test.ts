import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Counters } from '../../src/limits/counters.ts';
import { Metrics } from '../../src/metrics/metrics.ts';

function start(lines: string[] = []) {
  const counters = new Counters();
  const log = pino({ level: 'error' }, { write: (line: string) => lines.push(line) });
  const metrics = new Metrics(counters, log);
  const own = async (name: string): Promise<string[]> => {
    const { text } = await metrics.text();
    return text.split('\n').filter((line) => line.startsWith(name));
  };
  return { counters, metrics, own };
}

test('counts are exported under the name of their family, with its label', async () => {
  const { counters, own } = start();
  counters.add('dhcp_ignored', 'no_subnet', 2);
  counters.add('dhcp_ignored', 'a "quoted"\nreason');
  expect(await own('railhead_dhcp_ignored_total')).toEqual([
    'railhead_dhcp_ignored_total{reason="no_subnet"} 2',
    'railhead_dhcp_ignored_total{reason="a \\"quoted\\"\\nreason"} 1',
  ]);
  expect(await own('railhead_dhcp_received_total')).toEqual(['railhead_dhcp_received_total 0']);
  counters.add('dhcp_ignored', 'no_subnet');
  expect(await own('railhead_dhcp_ignored_total{reason="no_subnet"}')).toEqual([
    'railhead_dhcp_ignored_total{reason="no_subnet"} 3',
  ]);
});

test('a gauge is read when somebody asks, and what is gone is not exported any more', async () => {
  const { metrics, own } = start();
  let subnets = ['a', 'b'];
  metrics.gauge('railhead_pool_addresses', () =>
    subnets.map((subnet, index) => ({ labels: { subnet }, value: index + 1 })),
  );
  expect(await own('railhead_pool_addresses')).toEqual([
    'railhead_pool_addresses{subnet="a"} 1',
    'railhead_pool_addresses{subnet="b"} 2',
  ]);
  subnets = ['c'];
  expect(await own('railhead_pool_addresses')).toEqual(['railhead_pool_addresses{subnet="c"} 1']);
});

test('a gauge that cannot be read is left out and told to the log; all others are there', async () => {
  const lines: string[] = [];
  const { metrics, own } = start(lines);
  metrics.gauge('railhead_machines', () => Promise.reject(new Error('the store is away')));
  metrics.gauge('railhead_catalog_load_seconds', () => []);
  metrics.gauge('railhead_catalog_problems', () => [{ value: 3 }]);
  expect(await own('railhead_machines')).toEqual([]);
  expect(await own('railhead_catalog_load_seconds')).toEqual([]);
  expect(await own('railhead_catalog_problems')).toEqual(['railhead_catalog_problems 3']);
  expect(lines[0]).toContain('this metric could not be read');
});

test('durations are exported as a histogram', async () => {
  const { metrics, own } = start();
  for (const seconds of [0.0004, 0.02, 60])
    metrics.observe('railhead_http_request_duration_seconds', seconds, 'boot', '/ipxe', '200');
  const text = await own('railhead_http_request_duration_seconds');
  const of = 'plane="boot",route="/ipxe",status="200"';
  expect(text).toContain(`railhead_http_request_duration_seconds_bucket{le="0.001",${of}} 1`);
  expect(text).toContain(`railhead_http_request_duration_seconds_bucket{le="0.025",${of}} 2`);
  expect(text).toContain(`railhead_http_request_duration_seconds_bucket{le="+Inf",${of}} 3`);
  expect(text).toContain(`railhead_http_request_duration_seconds_count{${of}} 3`);
});
