import { randomBytes, randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { pino } from 'pino';
import { AccessTokens } from '../../../src/access/access-tokens.ts';
import { BootDecider } from '../../../src/catalog/boot-decider.ts';
import { BrowserSessions } from '../../../src/access/browser-sessions.ts';
import { MachineControl } from '../../../src/control/machine-control.ts';
import type { StreamItem } from '../../../src/history/event-stream.ts';
import { LogTail } from '../../../src/history/log-tail.ts';
import { TransitionLog } from '../../../src/history/transition-log.ts';
import type { HistoryRouteParts } from '../../../src/server/operator-http/routes/history.ts';
import { StreamCounts } from '../../../src/server/operator-http/stream/stream-counts.ts';
import { Idempotency } from '../../../src/server/operator-http/idempotency.ts';
import { operatorApp, type OperatorAppParts } from '../../../src/server/operator-http/operator-app.ts';
import {
  operatorRoutes,
  type OperatorRouteParts,
} from '../../../src/server/operator-http/operator-routes.ts';
import { refuseOrigin } from '../../../src/server/operator-http/request-origin.ts';
import { admitSignIn, OperatorAccess } from '../../../src/server/operator-http/operator-access.ts';
import { FakeMachines, someSubject } from '../../control/fake-machines.ts';
import { FakeTokenStore } from '../../fakes/fake-token-store.ts';
import { FakeTransitionStore } from '../../fakes/fake-transition-store.ts';

export const TOKEN = 'correct-horse-battery';
export const AUTHORISED = { authorization: `Bearer ${TOKEN}` };

/** The time of the rig. */
export const RIG_NOW = new Date('2026-03-01T08:00:00.000Z');

/** Tokens and sessions, with the token of the file besides. */
export interface AccessRig {
  readonly store: FakeTokenStore;
  readonly tokens: AccessTokens;
  readonly sessions: BrowserSessions;
  readonly access: OperatorAccess;
}

/** Access to a server without tokens but that of the file. `now` is the time as the test has it. */
export async function accessRig(now: () => Date = () => RIG_NOW): Promise<AccessRig> {
  const store = new FakeTokenStore();
  const log = pino({ level: 'silent' });
  const tokens = await AccessTokens.load({ store, pepper: new Uint8Array(32), randomBytes, log, now });
  const known = { fileToken: () => TOKEN, tokens };
  const sessions = new BrowserSessions({
    admit: (by, address) => admitSignIn(by, address, known),
    randomBytes,
    nowMs: () => now().getTime(),
  });
  return { store, tokens, sessions, access: new OperatorAccess({ ...known, sessions }) };
}

const DEFAULT_ACCESS = await accessRig();

/** Logs without entries. */
function emptyHistory(): HistoryRouteParts {
  const none = () => Promise.resolve([]);
  const tail = () =>
    new LogTail<StreamItem>({ readAfter: none, findRange: () => Promise.resolve(undefined) });
  return {
    history: {
      events: { listEvents: none },
      sessions: { listSessions: none, findSession: () => Promise.resolve(undefined) },
      transitions: { listTransitions: none },
      audit: { listAudit: none },
    },
    stream: {
      bootEvents: tail(),
      audit: tail(),
      transitions: new TransitionLog(new FakeTransitionStore()),
      toItem: ({ kind, number }) => ({ id: number, type: 'transition', kind, json: '{}' }),
    },
    streams: new StreamCounts(),
    cardsOf: () => undefined,
    hasLabel: () => false,
    asOf: () => 'e0.t0.a0',
  };
}

/** What a test replaces. */
export type RigParts = Partial<Omit<OperatorRouteParts, 'access'>> &
  Partial<Omit<OperatorAppParts, 'routes'>> & { readonly access?: OperatorAccess };

/** The parts of the routes without anything in them, but for two machines. */
export function emptyRouteParts(): OperatorRouteParts {
  return {
    control: new MachineControl(new FakeMachines(someSubject(), someSubject('installed', 'node2'))),
    version: '0.0.0',
    networks: () => [],
    leases: () => Promise.resolve([]),
    endLease: () => Promise.resolve('no_lease'),
    machineOf: () => undefined,
    reservedFor: () => undefined,
    declaredBy: () => new Map(),
    idsOf: () => Promise.resolve([]),
    operations: {
      list: () => [],
      find: () => undefined,
      preview: () => Promise.reject(new Error('there are no operations here')),
      start: () => Promise.resolve({ kind: 'not_found' }),
      cancel: () => Promise.resolve(undefined),
    },
    editor: { run: () => Promise.resolve({ kind: 'not_found', reason: 'there is no such machine' }) },
    inventories: {
      list: () => [],
      find: () => undefined,
      put: () => Promise.resolve({ kind: 'not_found', reason: 'there is no such inventory' }),
      delete: () => Promise.resolve({ kind: 'not_found', reason: 'there is no such inventory' }),
    },
    ...DEFAULT_ACCESS,
    ...emptyHistory(),
    catalog: {
      generation: () => undefined,
      status: () => ({ checkedAt: RIG_NOW, problems: [], warnings: [], standIns: [] }),
      reload: () => Promise.resolve(),
      past: () => [],
    },
    decider: new BootDecider({ generation: () => undefined, unmatched: 'wait' }),
    askerOf: () => Promise.resolve(undefined),
    renderContext: () => ({ origin: 'http://railhead.example', rawQuery: '' }),
    listAssets: () => Promise.resolve({ files: [], isComplete: true }),
    noteSecretsShown: () => Promise.resolve(),
    now: () => RIG_NOW,
    nowMs: () => 0,
  };
}

/** The operator plane over parts in memory. Every answer is compared with its schema. */
export function rigApp(parts: RigParts = {}): Express {
  return operatorApp({
    routes: operatorRoutes({ ...emptyRouteParts(), ...parts }),
    authenticate: (parts.access ?? DEFAULT_ACCESS.access).authenticate,
    refuseOrigin: ({ headers }) => refuseOrigin(headers, ['railhead.example']),
    readiness: () => ({ ready: true, reasons: [], parts: [] }),
    metrics: () => Promise.resolve({ contentType: 'text/plain', text: 'up 1\n' }),
    nowMs: () => 0,
    auditRefusal: () => undefined,
    idempotency: new Idempotency(() => 0),
    checkAnswers: true,
    newId: randomUUID,
    log: pino({ level: 'silent' }),
    ...parts,
  });
}

/** A server on a free port of 127.0.0.1. */
export class OperatorRig {
  readonly #servers: Server[] = [];

  async start(parts: RigParts = {}): Promise<string> {
    const server = createServer(rigApp(parts));
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    for (const server of this.#servers.splice(0)) {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    }
  }
}

/** Fetches with the token. */
export function ask(url: string, init: RequestInit = {}): Promise<Response> {
  return fetch(url, { ...init, headers: { ...AUTHORISED, ...init.headers } });
}
