import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import pino from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { grafanaDashboard } from '../../scripts/grafana-dashboard.ts';
import { type App, startApp } from '../../src/app/app.ts';
import { settingsSchema } from '../../src/config/schema.ts';
import { COUNTS, exportedCountName, GAUGES, HISTOGRAMS } from '../../src/metrics/definitions.ts';
import { formatEndpoint } from '../../src/protocol/endpoint.ts';
import { catalogTree } from '../catalog/catalog-tree.ts';
import { PARTS_WITHOUT_THREADS } from '../fakes/parts-without-threads.ts';
import { findProgram } from '../support/find-program.ts';
import { readCounts } from '../support/read-counts.ts';

const root = path.resolve(import.meta.dirname, '../..');
const ALERTS = path.join(root, 'deploy/prometheus/alerts.yaml');
const DASHBOARD = path.join(root, 'deploy/grafana/railhead.json');

let app: App;
let metrics: string;

beforeAll(async () => {
  const tree = catalogTree({
    'profiles/p.yaml': 'id: p\nboot: {kernel: /k}\n',
    'groups/g.yaml': 'id: g\nprofile: p\n',
    'machines/m.yaml': 'id: node1\nmac: 52:54:00:00:00:01\n---\nid: node2\nmac: 52:54:00:00:00:02\n',
  });
  app = await startApp({
    settings: settingsSchema.parse({
      catalog: { dir: tree, watch: false },
      http: { listen: ['127.0.0.1:0'] },
      networks: [{ id: 'rack1', cidr: '10.0.1.0/24', mode: 'full', pools: ['10.0.1.100-10.0.1.199'] }],
      operator: { listen: '127.0.0.1:0', socket: null },
      store: { file: `${tree}/store.db` },
    }),
    log: pino({ level: 'silent' }),
    parts: PARTS_WITHOUT_THREADS,
  });
  const boot = `http://${formatEndpoint(app.http[0]!)}`;
  expect((await fetch(`${boot}/ipxe?mac=52:54:00:00:00:01`)).status).toBe(200);
  expect((await fetch(`${boot}/nothing/${'x'.repeat(50)}`)).status).toBe(404);
  const { endpoint, tokenFile } = app.operator!;
  const Authorization = `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`;
  const ask = (place: string) =>
    fetch(`http://${formatEndpoint(endpoint)}${place}`, { headers: { Authorization } });
  await (await ask('/api/v1/machines')).text();
  const response = await ask('/metrics');
  expect([response.status, response.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  metrics = await response.text();
});

afterAll(() => app.stop());

/** The names of all metrics that are exported. */
const exported = (): Set<string> =>
  new Set([...metrics.matchAll(/^# TYPE (\w+) /gm)].map(([, name = '']) => name));

describe('a running server', () => {
  test('exports every metric', () => {
    const defined = [
      ...Object.keys(COUNTS).map(exportedCountName),
      ...Object.keys(GAUGES),
      ...Object.keys(HISTOGRAMS),
    ];
    const own = [...exported()].filter((name) => name.startsWith('railhead_'));
    expect(own.sort()).toEqual(defined.sort());
  });

  test.each([
    'railhead_ready 1',
    'railhead_part_ready{part="catalog"} 1',
    'railhead_part_ready{part="HTTP"} 1',
    'railhead_store_healthy 1',
    'railhead_machines{state="ready"} 1',
    'railhead_machines{state="installed"} 0',
    'railhead_machine_conditions{condition="stalled"} 0',
    'railhead_pool_addresses{subnet="rack1"} 100',
    'railhead_leases{subnet="rack1",state="bound"} 0',
    'railhead_catalog_valid 1',
    'railhead_catalog_documents{kind="machines"} 2',
    'railhead_boot_events_total{kind="ipxe.sent"} 1',
    'railhead_access_refused_total{reason="used"} 0',
    'railhead_http_requests_total{status="404"} 1',
    'railhead_http_request_duration_seconds_count{plane="boot",route="/ipxe",status="200"} 1',
    'railhead_http_request_duration_seconds_count{plane="boot",route="none",status="404"} 1',
    'railhead_http_request_duration_seconds_count{plane="operator",route="listMachines",status="200"} 1',
  ])('exports %s', (line) => {
    expect(metrics.split('\n')).toContain(line);
  });

  test('names the program and the generation that serves', () => {
    expect(metrics).toMatch(/^railhead_build_info\{version="\d[^"]*",node="v\d+[^"]*"\} 1$/m);
    expect(metrics).toMatch(/^railhead_catalog_generation_info\{generation="\w+",from="files"\} 1$/m);
  });

  test('has counts that tests can read', () => {
    expect(readCounts(metrics)['http_requests']).toEqual({ 200: 1, 404: 1 });
  });
});

/** Names that every Prometheus has by itself. */
const OF_PROMETHEUS = new Set(['up']);
/** Labels that Prometheus adds, and that of histograms. */
const ADDED = new Set(['instance', 'job', 'le']);

/** The metrics that an expression names, each with the labels that it is selected by. */
function namedBy(expr: string): { name: string; labels: string[] }[] {
  return [...expr.matchAll(/\b((?:railhead|process|nodejs)_\w+|up)\b(?:\{([^}]*)\})?/g)].map(
    ([, name = '', matchers = '']) => ({
      name: name.replace(/_(?:bucket|sum|count)$/, ''),
      labels: [...matchers.matchAll(/(\w+)\s*(?:=~|!=|!~|=)/g)].map(([, label = '']) => label),
    }),
  );
}

const LABELS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    ...Object.fromEntries(Object.entries(COUNTS).map(([family, one]) => [exportedCountName(family), one])),
    ...GAUGES,
    ...HISTOGRAMS,
  }).map(([name, one]) => [name, 'labels' in one ? one.labels : []]),
);

function unknownIn(expressions: readonly string[]): string[] {
  const names = exported();
  return expressions
    .flatMap(namedBy)
    .flatMap(({ labels, name }) => [
      ...(names.has(name) || OF_PROMETHEUS.has(name) ? [] : [name]),
      ...labels
        .filter((label) => !ADDED.has(label) && LABELS.get(name)?.includes(label) !== true)
        .map((label) => `${name}{${label}}`),
    ]);
}

describe('what is delivered with it', () => {
  test('the rules for alerts name only what a running server exports', () => {
    const { groups } = parse(readFileSync(ALERTS, 'utf8')) as {
      groups: { rules: { alert: string; expr: string }[] }[];
    };
    const expressions = groups.flatMap(({ rules }) => rules.map(({ expr }) => expr));
    expect(expressions.flatMap(namedBy).length).toBeGreaterThan(10);
    expect(unknownIn(expressions)).toEqual([]);
  });

  test('so does the dashboard, which `npm run docs` writes', () => {
    expect(JSON.parse(readFileSync(DASHBOARD, 'utf8'))).toEqual(JSON.parse(grafanaDashboard()));
    const expressions = [...grafanaDashboard().matchAll(/"expr":("(?:[^"\\]|\\.)*")/g)].map(
      ([, text = '']) => JSON.parse(text) as string,
    );
    expect(expressions.length).toBeGreaterThan(15);
    expect(unknownIn(expressions)).toEqual([]);
  });

  test('a name that nobody exports is found', () => {
    expect(unknownIn(['rate(railhead_nothing_total[5m]) + railhead_ready{colour="red"}'])).toEqual([
      'railhead_nothing_total',
      'railhead_ready{colour}',
    ]);
  });
});

describe.skipIf(findProgram('promtool') === undefined)('with promtool', () => {
  test('the metrics have the form and the names that Prometheus asks for', () => {
    const own = metrics.split('# HELP process_')[0] ?? '';
    expect(own.length).toBeGreaterThan(1000);
    execFileSync('promtool', ['check', 'metrics'], { input: own });
  });

  test('the rules for alerts are valid', () => {
    execFileSync('promtool', ['check', 'rules', ALERTS]);
  });

  test('each alert is raised by what it is for, and not before', () => {
    execFileSync('promtool', ['test', 'rules', path.join(import.meta.dirname, 'alerts.promtool.yaml')]);
  });
});
