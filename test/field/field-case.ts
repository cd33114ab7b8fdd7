import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { SYSTEM_CLOCK } from '../../src/app/clock.ts';
import { Services } from '../../src/app/services.ts';
import { startSharedServices } from '../../src/app/shared-services.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { Counters } from '../../src/limits/counters.ts';
import { Metrics } from '../../src/metrics/metrics.ts';
import { PARTS_WITHOUT_THREADS } from '../fakes/parts-without-threads.ts';
import { decodeMessage, decodeRequest } from '../../src/protocol/dhcp/decode.ts';
import { encodeMessage } from '../../src/protocol/dhcp/encode.ts';
import type { DhcpMessage } from '../../src/protocol/dhcp/message.ts';
import { type Ipv4Address, parseIpv4 } from '../../src/protocol/ipv4-address.ts';
import type { DhcpDecision } from '../../src/provision/dhcp/replies/dhcp-decision.ts';

// The field cases beside the checkout, read in place: a tree of settings and catalog, and packets in hex. Everything
// except the sockets is the program's own. Without them the tests fail.

const FIELD = path.resolve(import.meta.dirname, '../../../shared/field/boot');

/** Where Railhead is in the cases without a request, which names the server itself. */
export const SERVER = '10.77.0.2';
const PROGRAMS = ['undionly.kpxe', 'snponly.efi', 'snponly-arm64.efi'];

/** A running case. */
export interface FieldCase {
  /** Log lines with level warn or higher. */
  readonly warnings: readonly string[];
  /** Passes in the packet of a file, `1-discover.hex`; its changes count as stored. */
  send(file: string): DhcpDecision;
  /** The reply to a packet, encoded and decoded again, with its bytes. Throws if there is none. */
  reply(file: string): { readonly message: DhcpMessage; readonly bytes: Uint8Array };
  close(): Promise<void>;
}

/** The directory of a case, by its name or the number with which it begins. */
export function fieldDirectory(name: string): string {
  const found = readdirSync(FIELD).find((entry) => entry === name || entry.startsWith(`${name}-`));
  if (found === undefined) throw new Error(`there is no field case ${name} in ${FIELD}`);
  return path.join(FIELD, found);
}

/** Starts what `serve` starts, at the address `server`, without listening. Rejects with SettingsError where `serve` refuses the settings. */
export async function openFieldCase(name: string, server = SERVER): Promise<FieldCase> {
  const directory = fieldDirectory(name);
  const scratch = mkdtempSync(path.join(tmpdir(), 'railhead-field-'));
  const services = new Services();
  const close = async (): Promise<void> => {
    await services.close();
    rmSync(scratch, { recursive: true, force: true });
  };
  try {
    const file = path.join(directory, 'railhead.yaml');
    const flags = [`store.file=${scratch}/store.db`, 'catalog.watch=false', `catalog.dir=${directory}`];
    // The boot programs in a test must not depend on those installed on the host.
    for (const program of PROGRAMS) writeFileSync(path.join(scratch, program), 'program');
    if (!readFileSync(file, 'utf8').includes('boot_programs')) flags.push(`boot_programs.dirs=[${scratch}]`);
    const settings = loadSettings({ file, environment: {}, flags });
    const warnings: string[] = [];
    const log = pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) });
    const counters = new Counters();
    const environment = {
      settings,
      log,
      counters,
      metrics: new Metrics(counters, log),
      clock: SYSTEM_CLOCK,
      parts: PARTS_WITHOUT_THREADS,
    };
    const { engine } = await startSharedServices(environment, services);
    const localAddress = parseIpv4(server) as Ipv4Address;
    engine.setLocalAddresses([localAddress]);
    engine.load([], SYSTEM_CLOCK.moment());
    const send = (packet: string): DhcpDecision => {
      const bytes = Buffer.from(readFileSync(path.join(directory, packet), 'utf8').trim(), 'hex');
      const decision = engine.handle(
        {
          message: decodeRequest(Uint8Array.from(bytes)),
          ingress: { interface: 'eth1', localAddress, port: 67 },
          source: { address: parseIpv4('0.0.0.0') as Ipv4Address, port: 68 },
          size: bytes.length,
        },
        SYSTEM_CLOCK.moment(),
      );
      engine.committed(decision, SYSTEM_CLOCK.moment());
      return decision;
    };
    const reply: FieldCase['reply'] = (packet) => {
      const decision = send(packet);
      if (decision.kind !== 'reply') throw new Error(`${packet}: ${JSON.stringify(decision)}`);
      const bytes = Uint8Array.from(encodeMessage(decision.message, decision.limits).bytes);
      return { message: decodeMessage(bytes), bytes };
    };
    return { warnings, send, reply, close };
  } catch (error) {
    await close();
    throw error;
  }
}
