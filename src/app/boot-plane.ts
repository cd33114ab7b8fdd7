import { toBootHttpSettings } from '../config/sections/http.ts';
import { toLifecycleTimes } from '../config/sections/lifecycle.ts';
import { toTftpSettings } from '../config/sections/tftp.ts';
import type { Endpoint } from '../protocol/endpoint.ts';
import { MachineReports } from '../machines/machine-reports.ts';
import { bootIpxeScript, diskIpxeScript } from '../provision/rendering/ipxe-script.ts';
import { type BootHttpService, startBootHttp } from '../server/boot-http/boot-http-service.ts';
import type { GrubConfigFiles } from '../server/boot-http/grub-config-files.ts';
import { type DhcpService, startDhcp } from '../server/dhcp/dhcp-service.ts';
import { startTftp } from '../server/tftp/tftp-service.ts';
import type { PassedSocket } from '../server/udp/socket-activation.ts';
import { parseIpv4 } from '../protocol/ipv4-address.ts';
import { MacPrefixes } from '../protocol/mac-prefixes.ts';
import { sendToDisk } from './local-boot.ts';
import { withholdBoot } from './withhold-boot.ts';
import type { Services } from './services.ts';
import type { Environment } from './environment.ts';
import type { SharedServices } from './shared-services.ts';
import type { ListeningPart } from './wanted-parts.ts';

/** The servers that machines use. */
export interface BootPlane {
  /** The addresses on which HTTP listens. */
  readonly http: readonly Endpoint[];
  /** Undefined while DHCP is off. */
  readonly dhcp: DhcpService | undefined;
}

/** Which servers are started. */
export interface BootPlaneParts {
  readonly wanted: ReadonlySet<ListeningPart>;
  /** Sockets that systemd opened for DHCP. */
  readonly passedSockets: readonly PassedSocket[];
}

/** How long requests in progress may take when the program ends. */
const CLOSE_GRACE_MS = 5_000;

/** Starts HTTP, then TFTP, then DHCP: a service is running before machines are told of it. */
export async function startBootPlane(
  environment: Environment,
  shared: SharedServices,
  { passedSockets, wanted }: BootPlaneParts,
  services: Services,
): Promise<BootPlane> {
  const { log } = environment;
  const http = await startHttp(environment, shared, services);
  if (wanted.has('TFTP')) await startTftpFiles(environment, shared, http.grubConfigs, services);
  else log.info('TFTP is off: set tftp.enabled for machines whose firmware boots from it');
  let dhcp: DhcpService | undefined;
  if (wanted.has('DHCP')) dhcp = await startDhcpServer(environment, shared, passedSockets, services);
  else log.info('DHCP is off: to serve it, list network interfaces in dhcp.interfaces');
  return { http: http.endpoints, dhcp };
}

async function startHttp(
  { clock, counters, log, metrics, settings }: Environment,
  shared: SharedServices,
  services: Services,
): Promise<BootHttpService> {
  const {
    assets,
    clients,
    conflicts,
    decider,
    discovered,
    engine,
    events,
    lives,
    machines,
    origins,
    programs,
    served,
    tokens,
  } = shared;
  const http = await startBootHttp({
    settings: toBootHttpSettings(settings.http),
    machines,
    decider,
    pollSeconds: settings.poll_seconds,
    findLease: (address) => clients.findLease(address),
    findDhcpLabels: ({ claims, remoteAddress }) => {
      const mac = claims.mac ?? clients.findMac(remoteAddress);
      return mac && engine.findLabels(mac, parseIpv4(remoteAddress), clock.moment());
    },
    localBoot: {
      send: (decided, loader) => sendToDisk(decided, loader, shared.localBoots),
      bootsElse: ({ subject }) => subject && shared.localBoots.bootsElse(subject.machineId),
    },
    noteRequest: ({ claims, remoteAddress }, { identification, resolution }) => {
      const { claimed, group, machine } = resolution;
      discovered.note({ claimed, machine, remoteAddress, group: group?.id });
      conflicts.note(identification, claims, remoteAddress);
    },
    withhold: (address) => withholdBoot(address, shared),
    serves: (address) => served.serves(address),
    assets,
    bootPrograms: programs,
    events,
    findMac: (address) => clients.findMac(address),
    lives,
    reports: new MachineReports({ store: shared.store.reports, lives, now: clock.now }),
    tokens,
    cardsBehind: (address) => clients.cardsBehind(address),
    sessionOf: (event) => events.sessionOf(event),
    times: toLifecycleTimes(settings.lifecycle),
    counters,
    onAnswered: (route, status, ms) =>
      metrics.observe('railhead_http_request_duration_seconds', ms / 1000, 'boot', route, String(status)),
    log,
    now: clock.now,
    nowMs: clock.nowMs,
    readiness: () => shared.readiness.check(),
    watcher: shared.watcher,
  });
  services.add('boot HTTP', { close: () => http.close(CLOSE_GRACE_MS) });
  shared.readiness.started('HTTP', http.waiting);
  origins.listensOn(http.endpoints);
  return http;
}

async function startTftpFiles(
  { clock, counters, log, settings }: Environment,
  shared: SharedServices,
  grubConfigs: GrubConfigFiles,
  services: Services,
): Promise<void> {
  const { clients, events, origins, programs, served } = shared;
  const never = new MacPrefixes(settings.dhcp.never_answer);
  const tftp = await startTftp({
    settings: toTftpSettings(settings.tftp),
    programs,
    serves: (address) => served.serves(address),
    ...(!never.isEmpty && { neverAnswers: (address) => never.has(clients.findMac(address) ?? '') }),
    bootScript: (localAddress, client) => {
      const reason = withholdBoot(client, shared);
      return reason === undefined ? bootIpxeScript(origins.originFor(localAddress)) : diskIpxeScript(reason);
    },
    withhold: (address) => withholdBoot(address, shared),
    grubConfig: ({ clientAddress, localAddress, path }) =>
      grubConfigs.textOf(path, clientAddress, origins.originFor(localAddress)),
    findMac: (address) => clients.findMac(address),
    events,
    counters,
    log,
    now: clock.nowMs,
    date: clock.now,
    watcher: shared.watcher,
  });
  services.add('TFTP', { close: () => tftp.close(CLOSE_GRACE_MS) });
  shared.readiness.started('TFTP', () => tftp.waiting);
}

async function startDhcpServer(
  { clock, counters, log, metrics, settings }: Environment,
  { engine, events, leases, readiness, store, watcher }: SharedServices,
  passedSockets: readonly PassedSocket[],
  services: Services,
): Promise<DhcpService> {
  const { interfaces, share_ports: sharePorts } = settings.dhcp;
  const dhcp = await startDhcp({
    engine,
    store: store.leases,
    events,
    counters,
    log,
    now: clock.moment,
    watcher,
    sockets: { interfaces, sharePorts, passedSockets },
    leases,
    onReply: (ms) => metrics.observe('railhead_dhcp_reply_duration_seconds', ms / 1000),
  });
  services.add('DHCP', dhcp);
  readiness.started('DHCP', dhcp.waiting);
  leases.start((address) => engine.findLease(address, clock.moment()));
  return dhcp;
}
