import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreError } from '../../../src/store/store-error.ts';
import { LifePlane, MINUTE_MS, type MachineName, placeOf } from './life-plane.ts';

// What a report does to the life of its machine, over HTTP.

let plane: LifePlane;

beforeEach(async () => {
  plane = await LifePlane.start();
});
afterEach(() => plane.close());

const report = (name: MachineName, query: string, from = placeOf(name).address) =>
  plane.ask(`/report?${placeOf(name).query}&${query}`, from, 'POST');

/** Brings a machine without protection to the state `installing`. */
async function beginInstall(attempts = 1): Promise<void> {
  await plane.arm('plain-disk1', 'install', attempts);
  await plane.own('plain-disk1', '/ipxe');
  await plane.own('plain-disk1', '/ignition');
  expect(plane.lifeOf('plain-disk1').state).toBe('installing');
}

/** Boots a protected machine, and gives the URL for reports in its config. */
async function reportUrlOf(name: MachineName): Promise<string> {
  await plane.arm(name);
  const script = await plane.own(name, '/ipxe');
  const [url = ''] = /http:\/\/\S+\/ignition\S*/.exec(script.body) ?? [];
  const config = await plane.fetch(url.replaceAll('\\', ''), placeOf(name).address);
  const [, reported = ''] = /(http[^"]*report[^"]*)/.exec(decodeURIComponent(config.body)) ?? [];
  return reported;
}

describe('a report that is durable', () => {
  test('makes a machine installed, with what was installed', async () => {
    await beginInstall();
    const answer = await report(
      'plain-disk1',
      `status=installed&release=4593.2.1&disk=/dev/vda&config_hash=${'a'.repeat(64)}`,
    );
    expect([answer.status, answer.body]).toEqual([200, 'noted\n']);
    expect(plane.lifeOf('plain-disk1')).toMatchObject({
      state: 'installed',
      installation: { release: '4593.2.1', disk: '/dev/vda', configHash: 'a'.repeat(64) },
    });
    expect(plane.reports).toMatchObject([{ machineId: 'plain-disk1', report: { status: 'installed' } }]);
    // Also if the answer was lost, and the machine reports once more.
    expect((await report('plain-disk1', 'status=installed')).status).toBe(200);
  });

  test('makes a machine failed if the failure is permanent', async () => {
    await beginInstall();
    await report('plain-disk1', 'status=failed&message=no+disk&permanent=true');
    expect(plane.lifeOf('plain-disk1')).toMatchObject({
      state: 'failed',
      failure: { cause: 'reported', message: 'no disk', permanent: true },
    });
  });

  test('of a failure that is not permanent leaves the installation its attempts', async () => {
    await beginInstall(2);
    await report('plain-disk1', 'status=failed&message=no+route');
    expect(plane.lifeOf('plain-disk1')).toMatchObject({
      state: 'installing',
      arm: { attemptsLeft: 1 },
      failure: { message: 'no route' },
    });
    await report('plain-disk1', 'status=installed');
    expect(plane.lifeOf('plain-disk1').state).toBe('installed');
  });

  test('says that a machine is up, and whether it runs what was installed', async () => {
    await beginInstall();
    await report('plain-disk1', `status=installed&config_hash=${'a'.repeat(64)}`);
    await report('plain-disk1', `status=up&config_hash=${'b'.repeat(64)}`);
    const { conditions, confirmed } = plane.lifeOf('plain-disk1');
    expect([confirmed, Object.keys(conditions)]).toEqual([true, ['drifted']]);
  });

  test('of progress keeps a machine from counting as stalled', async () => {
    await beginInstall();
    plane.nowMs += 4 * MINUTE_MS;
    await report('plain-disk1', 'phase=written');
    plane.nowMs += 4 * MINUTE_MS;
    await plane.lives.applyDue();
    expect(plane.lifeOf('plain-disk1').conditions.stalled).toBeUndefined();
    plane.nowMs += 2 * MINUTE_MS;
    await plane.lives.applyDue();
    expect(plane.lifeOf('plain-disk1').conditions.stalled).toBeDefined();
    await report('plain-disk1', 'phase=done');
    await plane.lives.settled('plain-disk1');
    expect(plane.lifeOf('plain-disk1').conditions.stalled).toBeUndefined();
  });

  test('is taken when the arm has expired meanwhile, and after a restart of the server', async () => {
    await beginInstall();
    plane.nowMs += 50 * MINUTE_MS;
    await plane.restart();
    expect((await report('plain-disk1', 'status=installed')).status).toBe(200);
    expect(plane.lifeOf('plain-disk1').state).toBe('installed');
  });
});

describe('a report that the state of the machine does not allow', () => {
  test('of an installation is told so with 409, which no client repeats by itself', async () => {
    const answer = await report('plain-disk1', 'status=installed');
    expect([answer.status, answer.body]).toEqual([
      409,
      'the state of machine plain-disk1 stays ready: it is ready, and "report installed" is not possible in that state; the report was noted\n',
    ]);
    expect(plane.events.find(({ kind }) => kind === 'machine.report')?.detail).toMatchObject({
      status: 'installed',
      without_effect: 'it is ready, and "report installed" is not possible in that state',
    });
    expect(plane.reports).toHaveLength(1);
  });

  test.each(['up', 'failed'])('with the status %s is noted all the same', async (status) => {
    const answer = await report('plain-disk1', `status=${status}`);
    expect([answer.status, answer.body]).toEqual([
      200,
      'noted; the state of machine plain-disk1 stays ready\n',
    ]);
  });
});

describe('who may report', () => {
  test("another machine's card gets 403 and changes nothing", async () => {
    await beginInstall();
    const answer = await report('plain-disk1', 'status=installed', placeOf('live1').address);
    expect(answer.status).toBe(403);
    expect(plane.lifeOf('plain-disk1').state).toBe('installing');
    expect(plane.events.at(-1)).toMatchObject({
      kind: 'access.refused',
      detail: { alarm: 'foreign_sender' },
    });
    expect(plane.reports).toEqual([]);
  });

  test('a protected machine needs the token for reports, which its own config has', async () => {
    const url = await reportUrlOf('disk1');
    expect(plane.lifeOf('disk1').state).toBe('installing');
    expect((await report('disk1', 'status=installed')).status).toBe(403);
    expect((await report('disk1', `status=installed&token=${'x'.repeat(43)}`)).status).toBe(403);
    expect(plane.lifeOf('disk1').state).toBe('installing');
    const { pathname, search } = new URL(url);
    const own = await plane.ask(`${pathname}${search}&status=installed`, placeOf('disk1').address, 'POST');
    expect([own.status, own.body]).toEqual([200, 'noted\n']);
    expect(plane.lifeOf('disk1').state).toBe('installed');
    // The installed system reports with the same token later.
    const up = await plane.ask(`${pathname}${search}&status=up`, placeOf('disk1').address, 'POST');
    expect([up.status, plane.lifeOf('disk1').confirmed]).toEqual([200, true]);
    const token = new URL(url).searchParams.get('token') ?? '';
    expect(token).toHaveLength(43);
    expect(JSON.stringify([plane.events, plane.reports, plane.logged])).not.toContain(token);
  });
});

describe('a report that cannot be stored', () => {
  test('is answered with 503, and changes nothing', async () => {
    await beginInstall();
    plane.store.failure = new StoreError('full', 'the disk is full');
    expect((await report('plain-disk1', 'status=installed')).status).toBe(503);
    expect(plane.lifeOf('plain-disk1').state).toBe('installing');
    plane.store.failure = undefined;
    plane.reportFailure = new StoreError('full', 'the disk is full');
    expect((await report('plain-disk1', 'status=installed')).status).toBe(503);
    plane.reportFailure = undefined;
    expect((await report('plain-disk1', 'status=installed')).status).toBe(200);
  });
});
