import { randomUUID } from 'node:crypto';
import { originOf } from '../control/actor.ts';
import { type Endpoint, formatEndpoint } from '../protocol/endpoint.ts';
import { type MacAddress, parseMac } from '../protocol/mac-address.ts';
import { controlSocketFile } from '../config/sections/operator.ts';
import { ControlSocketServer, socketActor } from '../server/control-socket/control-socket-server.ts';
import { Idempotency } from '../server/operator-http/idempotency.ts';
import { viewNetworks } from '../server/operator-http/network-view.ts';
import { operatorApp, type OperatorAppParts } from '../server/operator-http/operator-app.ts';
import { OperatorHttpServer } from '../server/operator-http/operator-http-server.ts';
import { operatorRoutes, type OperatorRouteParts } from '../server/operator-http/operator-routes.ts';
import { RefusalAudit } from '../server/operator-http/refusal-audit.ts';
import { StreamCounts } from '../server/operator-http/stream/stream-counts.ts';
import { Turns } from '../store/turns.ts';
import { TlsFiles } from '../server/operator-http/tls-files.ts';
import { refuseOrigin } from '../server/operator-http/request-origin.ts';
import { appendAudit } from './append-audit.ts';
import { composeAccess, type ComposedAccess } from './compose-access.ts';
import { composeMetrics } from './compose-metrics.ts';
import { composeCatalogRoutes } from './compose-catalog-routes.ts';
import { composeOperations } from './compose-operations.ts';
import { composeStream, type ComposedStream } from './compose-stream.ts';
import { composeInventoryControl, composeMachineEditor } from './compose-machine-records.ts';
import { composeMachineControl } from './compose-machine-control.ts';
import type { BootPlane } from './boot-plane.ts';
import { programVersion } from './program-version.ts';
import type { Services } from './services.ts';
import type { Environment } from './environment.ts';
import type { SharedServices } from './shared-services.ts';

/** The API for people and programs, listening. */
export interface OperatorPlane {
  readonly endpoint: Endpoint;
  readonly scheme: 'http' | 'https';
  /** The file with the token that every request needs. */
  readonly tokenFile: string;
}

const LOOPBACK = /^(?:127\.|\[?::1\]?$)/;
const TLS_LOOK_MS = 60_000;

/** What both ways to the API share. */
type SharedApp = Omit<OperatorAppParts, 'authenticate' | 'refuseOrigin'>;

/** Starts the API: on the Unix socket for its owner, and on TCP. Returns its address; undefined if TCP is off. */
export async function startOperatorPlane(
  environment: Environment,
  shared: SharedServices,
  bootPlane: BootPlane,
  services: Services,
): Promise<OperatorPlane | undefined> {
  const { clock, log, metrics, parts, settings } = environment;
  composeMetrics(environment, shared);
  const composed = await composeAccess(environment, shared, services);
  const stream = await composeStream(shared, services);
  const streams = new StreamCounts();
  metrics.gauge('railhead_sse_clients', () => [{ value: streams.open }]);
  const refusals = new RefusalAudit({
    append: (entry) => appendAudit(shared.store.audit, log, entry),
    now: clock.now,
    nowMs: clock.nowMs,
  });
  const edits = new Turns();
  const control = composeMachineControl(shared, environment, edits);
  const editor = composeMachineEditor(shared, environment, control, edits);
  const machines = {
    control,
    editor,
    ...(await composeOperations(shared, environment, control, editor, services)),
  };
  const app: SharedApp = {
    routes: operatorRoutes(
      routeParts(environment, shared, bootPlane, composed, { ...stream, streams }, machines),
    ),
    idempotency: new Idempotency(clock.nowMs),
    checkAnswers: parts.checkAnswers,
    newId: randomUUID,
    readiness: () => shared.readiness.check(),
    metrics: () => metrics.text(),
    onAnswered: (route, status, ms) =>
      metrics.observe('railhead_http_request_duration_seconds', ms / 1000, 'operator', route, String(status)),
    nowMs: clock.nowMs,
    auditRefusal: refusals.note,
    log,
  };
  await startControlSocket(environment, app, services);
  const { hosts, listen, tls: tlsPlace } = settings.operator;
  const tls = tlsPlace && startTls(tlsPlace, environment, shared, services);
  metrics.gauge('railhead_certificate_expiry_timestamp_seconds', () =>
    tls === undefined ? [] : [{ value: tls.expiresAt.getTime() / 1000 }],
  );
  const { access, tokenFile } = composed;
  if (listen === null || tokenFile === undefined) return undefined;
  const { authenticate } = access;
  if (tls === undefined && !LOOPBACK.test(listen.host)) {
    log.warn(
      { listen: formatEndpoint(listen) },
      'the API can be reached from other hosts without TLS: tokens can be read on the way; set operator.tls, or let a proxy do TLS',
    );
  }
  const server = new OperatorHttpServer(
    operatorApp({
      ...app,
      authenticate,
      refuseOrigin: ({ headers }) => refuseOrigin(headers, hosts),
    }),
    tls,
  );
  services.add('operator HTTP', server);
  const endpoint = await server.listen(listen);
  shared.readiness.started('the API');
  return { endpoint, tokenFile, scheme: tls === undefined ? 'http' : 'https' };
}

/** The certificate of the API, which is looked at once a minute. Throws an Error that names a file that cannot be used. */
function startTls(
  {
    cert_file: certificateFile,
    key_file: keyFile,
  }: { readonly cert_file: string; readonly key_file: string },
  { clock, log }: Environment,
  { readiness }: SharedServices,
  services: Services,
): TlsFiles {
  const tls = new TlsFiles({ certificateFile, keyFile }, log, clock.now);
  const timer = setInterval(() => tls.look(), TLS_LOOK_MS).unref();
  services.add('certificate of the API', { close: () => clearInterval(timer), reload: () => tls.reload() });
  readiness.add('certificate', () => tls.problem);
  return tls;
}

/** Starts the socket for the command line on this host, unless the settings turn it off. */
async function startControlSocket(
  environment: Environment,
  app: SharedApp,
  services: Services,
): Promise<void> {
  const { log, settings } = environment;
  const file = controlSocketFile(settings);
  if (file === undefined) return;
  const server = new ControlSocketServer(
    operatorApp({
      ...app,
      authenticate: socketActor,
      // A page in a browser cannot open a Unix socket.
      refuseOrigin: () => undefined,
    }),
  );
  try {
    await server.listen(file);
  } catch (error) {
    // A place that nobody chose must not keep the machines from booting.
    if (settings.operator.socket !== undefined) throw error;
    log.warn(`${(error as Error).message}; \`railhead machines\` cannot be used`);
    return;
  }
  services.add('control socket', server);
}

function routeParts(
  environment: Environment,
  shared: SharedServices,
  bootPlane: BootPlane,
  { access, sessions, tokens }: ComposedAccess,
  stream: ComposedStream & { readonly streams: StreamCounts },
  machineParts: Pick<OperatorRouteParts, 'control' | 'editor' | 'idsOf' | 'operations'>,
): OperatorRouteParts {
  const { clock, log } = environment;
  const { engine, machines, store, subnets } = shared;
  return {
    version: programVersion(),
    ...machineParts,
    inventories: composeInventoryControl(shared, environment),
    declaredBy: (source) => machines.declaredBy(source),
    asOf: stream.asOf,
    ...composeCatalogRoutes(shared, environment),
    stream: stream.parts,
    streams: stream.streams,
    history: store,
    cardsOf: (id) => cardsOf(shared, id),
    hasLabel: (id, name, value) => machines.find(id)?.machine.labels[name] === value,
    networks: () => {
      const moment = clock.moment();
      return viewNetworks(subnets, engine.usage(moment), engine.foreignServers(moment));
    },
    // Without DHCP the engine has loaded no leases, and the store has those of earlier.
    leases: async () =>
      bootPlane.dhcp === undefined ? store.leases.loadLeases() : engine.listLeases(clock.moment()),
    endLease: async (address, actor, reason) => {
      const ended = (await bootPlane.dhcp?.endLease(address)) ?? 'no_lease';
      if (ended !== 'no_lease') {
        const at = clock.now();
        const what = { verb: 'end_lease', target: `lease:${address}`, outcome: 'done', detail: {} } as const;
        await appendAudit(store.audit, log, { at, ...originOf(actor), ...what, reason });
      }
      return ended;
    },
    machineOf: (mac) => machines.identify({ mac }).machine?.id,
    reservedFor: (address) => machines.findReserved(address)?.id,
    access,
    sessions,
    tokens,
    now: clock.now,
    nowMs: clock.nowMs,
  };
}

/** The network cards of a machine: those of its record, or that by which it was discovered. */
function cardsOf({ machines }: SharedServices, id: string): readonly MacAddress[] | undefined {
  const record = machines.find(id);
  if (record !== undefined) return record.machine.macs;
  const mac = parseMac(id);
  return mac === undefined ? undefined : [mac];
}
