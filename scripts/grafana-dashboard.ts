/** One curve, or set of curves, of a panel: an expression of PromQL, and how each is named. */
interface Curve {
  readonly expr: string;
  readonly legend: string;
}

/** A panel, by what it shows. */
interface Panel {
  readonly title: string;
  readonly type: 'timeseries' | 'stat';
  readonly unit: string;
  readonly curves: readonly Curve[];
}

const OWN = 'instance=~"$instance"';
const COLUMNS = 24;
const WIDTH = 8;
const HEIGHT = 7;

/** The rows of the dashboard, from what is broken to what is only interesting. */
const ROWS: readonly { readonly title: string; readonly panels: readonly Panel[] }[] = [
  {
    title: 'Is something wrong?',
    panels: [
      stat('Parts that cannot serve', `count(railhead_part_ready{${OWN}} == 0) or vector(0)`),
      stat('Problems in the catalog', `sum(railhead_catalog_problems{${OWN}})`),
      stat(
        'Machines that are stuck',
        `sum(railhead_machine_conditions{${OWN},condition=~"stalled|loop_detected"})`,
      ),
    ],
  },
  {
    title: 'Machines and boots',
    panels: [
      series('Machines by state', 'short', `sum by (state) (railhead_machines{${OWN}})`, '{{state}}'),
      series(
        'Boots that ended, in an hour',
        'short',
        `sum by (outcome) (increase(railhead_boot_outcomes_total{${OWN}}[1h]))`,
        '{{outcome}}',
      ),
      series('Boots going on', 'short', `sum(railhead_boot_sessions_moving{${OWN}})`, 'moving'),
      {
        title: 'How long a boot takes',
        type: 'timeseries',
        unit: 's',
        curves: [0.5, 0.95].map((quantile) => ({
          expr: `histogram_quantile(${quantile}, sum by (le) (rate(railhead_boot_duration_seconds_bucket{${OWN}}[1h])))`,
          legend: `${quantile * 100} %`,
        })),
      },
      series(
        'Where the time goes (95 %)',
        's',
        `histogram_quantile(0.95, sum by (le, phase) (rate(railhead_boot_phase_duration_seconds_bucket{${OWN}}[1h])))`,
        '{{phase}}',
      ),
      series(
        'Refused requests for secrets',
        'short',
        `sum by (reason) (increase(railhead_access_refused_total{${OWN}}[1h]))`,
        '{{reason}}',
      ),
    ],
  },
  {
    title: 'Addresses',
    panels: [
      series(
        'Use of the pools',
        'percentunit',
        `sum by (subnet) (railhead_leases{${OWN},state=~"bound|offered|declined"}) / sum by (subnet) (railhead_pool_addresses{${OWN}} > 0)`,
        '{{subnet}}',
      ),
      series(
        'DHCP replies a second',
        'short',
        `sum by (type) (rate(railhead_dhcp_sent_total{${OWN}}[5m]))`,
        '{{type}}',
      ),
      series(
        'DHCP requests without an answer a second',
        'short',
        `sum by (reason) (rate(railhead_dhcp_ignored_total{${OWN}}[5m]))`,
        '{{reason}}',
      ),
    ],
  },
  {
    title: 'Answers',
    panels: [
      series(
        'HTTP requests of machines a second',
        'short',
        `sum by (status) (rate(railhead_http_requests_total{${OWN}}[5m]))`,
        '{{status}}',
      ),
      series(
        'How long answers take (99 %)',
        's',
        `histogram_quantile(0.99, sum by (le, plane, route) (rate(railhead_http_request_duration_seconds_bucket{${OWN}}[5m])))`,
        '{{plane}} {{route}}',
      ),
      series(
        'How long DHCP replies take (99 %)',
        's',
        `histogram_quantile(0.99, sum by (le) (rate(railhead_dhcp_reply_duration_seconds_bucket{${OWN}}[5m])))`,
        'DHCP',
      ),
      series(
        'TFTP transfers that ended a second',
        'short',
        `sum by (outcome) (rate(railhead_tftp_transfers_total{${OWN}}[5m]))`,
        '{{outcome}}',
      ),
      series('Bytes over TFTP', 'Bps', `sum(rate(railhead_tftp_sent_bytes_total{${OWN}}[5m]))`, 'sent'),
      series(
        'Webhooks and DNS updates',
        'short',
        `sum by (result) (increase(railhead_webhook_deliveries_total{${OWN}}[1h]))`,
        'webhook {{result}}',
      ),
    ],
  },
  {
    title: 'The program',
    panels: [
      series('Memory', 'bytes', `process_resident_memory_bytes{${OWN},job="railhead"}`, '{{instance}}'),
      series(
        'Wait for the event loop (99 %)',
        's',
        `nodejs_eventloop_lag_p99_seconds{${OWN},job="railhead"}`,
        '{{instance}}',
      ),
      series('Events that are not stored yet', 's', `railhead_event_lag_seconds{${OWN}}`, '{{instance}}'),
    ],
  },
];

/**
 * The dashboard for Grafana as JSON; its uid is fixed, so that links to it stay valid when it is provisioned again. The
 * form is that of Grafana's dashboard JSON model, schema version 39.
 */
export function grafanaDashboard(): string {
  const panels: unknown[] = [];
  let y = 0;
  for (const row of ROWS) {
    panels.push({
      type: 'row',
      title: row.title,
      id: panels.length + 1,
      gridPos: { x: 0, y, w: COLUMNS, h: 1 },
    });
    y++;
    row.panels.forEach((panel, index) => {
      const x = (index * WIDTH) % COLUMNS;
      if (index > 0 && x === 0) y += HEIGHT;
      panels.push(panelJson(panel, panels.length + 1, { x, y, w: WIDTH, h: HEIGHT }));
    });
    y += HEIGHT;
  }
  return JSON.stringify({
    uid: 'railhead',
    title: 'Railhead',
    tags: ['railhead'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-6h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        {
          name: 'instance',
          label: 'Railhead',
          type: 'query',
          datasource: SOURCE,
          query: { query: 'label_values(railhead_build_info, instance)', refId: 'instance' },
          multi: true,
          includeAll: true,
          refresh: 2,
        },
      ],
    },
    panels,
  });
}

const SOURCE = { type: 'prometheus', uid: '${datasource}' };

function stat(title: string, expr: string): Panel {
  return { title, type: 'stat', unit: 'short', curves: [{ expr, legend: title }] };
}

function series(title: string, unit: string, expr: string, legend: string): Panel {
  return { title, type: 'timeseries', unit, curves: [{ expr, legend }] };
}

function panelJson({ curves, title, type, unit }: Panel, id: number, gridPos: object): object {
  const thresholds = {
    mode: 'absolute',
    steps: [
      { color: 'green', value: null },
      { color: 'red', value: 1 },
    ],
  };
  return {
    id,
    type,
    title,
    gridPos,
    datasource: SOURCE,
    targets: curves.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode(65 + index),
      datasource: SOURCE,
      expr,
      legendFormat: legend,
    })),
    fieldConfig: { defaults: { unit, min: 0, ...(type === 'stat' && { thresholds }) }, overrides: [] },
  };
}
