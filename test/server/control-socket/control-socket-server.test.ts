import { existsSync, linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Method } from '../../../src/api/route.ts';
import { transportTo } from '../../../src/cli/server/transport.ts';
import { MachineControl } from '../../../src/control/machine-control.ts';
import {
  ControlSocketServer,
  socketActor,
} from '../../../src/server/control-socket/control-socket-server.ts';
import { FakeMachines, someSubject } from '../../control/fake-machines.ts';
import { rigApp } from '../operator-http/operator-rig.ts';

let folder: string;
let file: string;
let machines: FakeMachines;
let server: ControlSocketServer;

/** Sends a request to the socket, as the command line does. */
function askServer(socket: string, method: Method, place: string, input?: object) {
  const body = input === undefined ? undefined : JSON.stringify(input);
  const headers = body === undefined ? {} : { 'content-type': 'application/json' };
  return transportTo({ kind: 'socket', file: socket })({
    method,
    path: place,
    headers,
    ...(body !== undefined && { body }),
  });
}

/** The API over the machines of the test. */
function socketServer(): ControlSocketServer {
  const app = rigApp({
    control: new MachineControl(machines),
    authenticate: socketActor,
    refuseOrigin: () => undefined,
  });
  return new ControlSocketServer(app);
}

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'railhead-'));
  file = path.join(folder, 'control.sock');
  machines = new FakeMachines(someSubject(), someSubject('installed', 'node2'));
  server = socketServer();
});

afterEach(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

describe('the control socket', () => {
  it('can be opened by its owner alone', async () => {
    await server.listen(file);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('lists, shows, changes and deletes machines', async () => {
    await server.listen(file);
    expect(await askServer(file, 'GET', '/api/v1/machines')).toMatchObject({
      status: 200,
      body: { items: [{ id: 'node1', state: 'ready' }, { id: 'node2' }] },
    });
    expect(
      await askServer(file, 'POST', '/api/v1/machines/node1/hold', { reason: 'new disk' }),
    ).toMatchObject({
      status: 200,
      body: { state: 'ready', conditions: [{ type: 'held', message: 'new disk' }] },
    });
    expect(await askServer(file, 'GET', '/api/v1/machines/node1')).toMatchObject({
      status: 200,
      body: { state: 'ready', actions: { retire: { allowed: true }, restore: { allowed: false } } },
    });
    const refused = await askServer(file, 'DELETE', '/api/v1/machines/node1?reason=gone');
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'invalid_transition', detail: 'a file declares it; remove it there' },
    });
    expect(machines.audit.at(-1)).toMatchObject({ verb: 'delete', reason: 'gone', outcome: 'refused' });
    expect(machines.audit[0]?.actor).toMatch(/^socket:[\w.@-]+$/);
  });

  it.each<[Method, string, object | undefined, number]>([
    ['GET', '/api/v1/machines/nobody', undefined, 404],
    ['POST', '/api/v1/machines/nobody/hold', {}, 404],
    ['POST', '/api/v1/machines/node1/hold', { attempts: 99 }, 400],
    ['POST', '/api/v1/machines/node1/explode', {}, 404],
    ['GET', '/api/v1/elsewhere', undefined, 404],
    ['POST', '/api/v1/machines/node1/hold', { reason: 'x'.repeat(2_000_000) }, 413],
  ])('answers %s %s with its status', async (method, place, input, status) => {
    await server.listen(file);
    const answer = await askServer(file, method, place, input);
    expect(answer.body).toMatchObject({
      title: expect.any(String) as string,
      code: expect.any(String) as string,
    });
    expect(answer.status).toBe(status);
  });

  it('says which store failed', async () => {
    machines.failing = true;
    await server.listen(file);
    const answer = await askServer(file, 'POST', '/api/v1/machines/node1/hold', {});
    expect(answer).toMatchObject({ status: 503, body: { code: 'not_stored' } });
  });

  it('replaces a socket that an ended process left behind', async () => {
    const earlier = createServer();
    await new Promise<void>((resolve) => earlier.listen(file, resolve));
    // A process that is killed leaves its socket; closing this one would remove it.
    const left = path.join(folder, 'left.sock');
    linkSync(file, left);
    await new Promise((resolve) => earlier.close(resolve));
    expect(existsSync(left)).toBe(true);
    await server.listen(left);
    expect(await askServer(left, 'GET', '/api/v1/machines')).toMatchObject({ status: 200 });
  });

  it('does not take the socket of a process that answers', async () => {
    await server.listen(file);
    const second = socketServer();
    await expect(second.listen(file)).rejects.toThrow(
      `operator.socket: cannot listen on the socket ${file}: another process answers there; is Railhead running already?`,
    );
  });

  it('does not remove a file that is no socket', async () => {
    writeFileSync(file, 'precious');
    await expect(server.listen(file)).rejects.toThrow('there is a file of this name that is not a socket');
    expect(existsSync(file)).toBe(true);
  });

  it('refuses a path that is too long for a socket', async () => {
    const long = path.join(folder, 'x'.repeat(120));
    await expect(server.listen(long)).rejects.toThrow(
      'is longer than the 107 bytes that a Unix socket may have',
    );
  });
});

describe('the command line without a server', () => {
  it.each([
    ['missing.sock', 'there is no such socket: start the server'],
    ['dead.sock', 'nobody answers: the server is not running'],
  ])('%s: %s', async (name, message) => {
    const place = path.join(folder, name);
    if (name === 'dead.sock') {
      const earlier = createServer();
      const alive = path.join(folder, 'alive.sock');
      await new Promise<void>((resolve) => earlier.listen(alive, resolve));
      linkSync(alive, place);
      await new Promise((resolve) => earlier.close(resolve));
    }
    await expect(askServer(place, 'GET', '/')).rejects.toThrow(message);
  });
});
