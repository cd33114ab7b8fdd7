import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Express } from 'express';
import { pino } from 'pino';
import { MachineControl } from '../../../src/control/machine-control.ts';
import { Idempotency } from '../../../src/server/operator-http/idempotency.ts';
import { operatorApp, type OperatorAppParts } from '../../../src/server/operator-http/operator-app.ts';
import {
  operatorRoutes,
  type OperatorRouteParts,
} from '../../../src/server/operator-http/operator-routes.ts';
import { refuseOrigin } from '../../../src/server/operator-http/request-origin.ts';
import { authenticateByFile } from '../../../src/server/operator-http/static-token.ts';
import { FakeMachines, someSubject } from '../../control/fake-machines.ts';

export const TOKEN = 'correct-horse-battery';
export const AUTHORISED = { authorization: `Bearer ${TOKEN}` };

/** What a test replaces. */
export type RigParts = Partial<OperatorRouteParts> & Partial<Omit<OperatorAppParts, 'routes'>>;

/** The parts of the routes without anything in them, but for two machines. */
export function emptyRouteParts(): OperatorRouteParts {
  return {
    control: new MachineControl(new FakeMachines(someSubject(), someSubject('installed', 'node2'))),
    version: '0.0.0',
    asOf: () => '7',
    networks: () => [],
    leases: () => Promise.resolve([]),
    endLease: () => Promise.resolve('no_lease'),
    machineOf: () => undefined,
    reservedFor: () => undefined,
  };
}

/** The operator plane over parts in memory. Every answer is compared with its schema. */
export function rigApp(parts: RigParts = {}): Express {
  return operatorApp({
    routes: operatorRoutes({ ...emptyRouteParts(), ...parts }),
    authenticate: authenticateByFile(() => TOKEN),
    refuseOrigin: ({ headers }) => refuseOrigin(headers, ['railhead.example']),
    addUnported: () => undefined,
    readiness: () => ({ ready: true, reasons: [], parts: [] }),
    metrics: () => Promise.resolve({ contentType: 'text/plain', text: 'up 1\n' }),
    nowMs: () => 0,
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
