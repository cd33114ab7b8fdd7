import { afterEach, beforeEach, expect, test } from 'vitest';
import { fileIn, GRACE_MS, LifePlane, type MachineName, placeOf, SECRETS, STRANGER } from './life-plane.ts';

// Other hosts on the network ask for what is a protected machine's own, in every phase of its boots.

/** A host whose network card the server knows, and one that it does not know. */
const STRANGERS = ['127.0.0.99', '127.0.0.98'];
/** Another machine of the catalog, whose configs are protected too. */
const NEIGHBOUR = placeOf('needy1');

let plane: LifePlane;
/** What the machine was given so far: whoever listens on the network has all of it. */
let stolen: Set<string>;
let tries: number;

beforeEach(async () => {
  plane = await LifePlane.start();
  plane.cards.set('127.0.0.99', [STRANGER]);
  stolen = new Set();
  tries = 0;
});

afterEach(() => plane.close());

/** Every way to name a machine. */
function namesOf(machine: MachineName): string[] {
  const { mac, query, uuid } = placeOf(machine);
  return [
    query,
    `mac=${mac}`,
    `mac=${encodeURIComponent(mac.toUpperCase())}`,
    `%6dac=${mac}`,
    `mac=${mac}&mac=52-54-00-00-00-05`,
    `mac=52-54-00-00-00-05&mac=${mac}`,
    `uuid=${uuid}`,
    `mac=52-54-00-99-99-99&uuid=${uuid}`,
    `${query}&open=yes`,
    `${query}&role=live`,
    `uuid=${uuid}&open=yes`,
  ];
}

const PATHS = [
  '/ignition?',
  '/ignition?os=installed&',
  '/metadata?',
  '/generic?',
  '/generic?name=secrets&',
  '/ipxe?',
  '/grub?',
];

/** Paths with queries: each way to name the machine without a token, and each stolen URL as it is and changed. */
function requestsFor(machine: MachineName): string[] {
  const named = namesOf(machine).flatMap((name) => PATHS.map((path) => `${path}${name}`));
  const urls = [...stolen].flatMap((url) => {
    const query = url.slice(url.indexOf('?') + 1);
    const token = new URLSearchParams(query).get('token') ?? '';
    return [
      url,
      `${url}&open=yes`,
      ...PATHS.map((path) => `${path}${query}`),
      // The token with the attacker's own name.
      `/ignition?${NEIGHBOUR.query}&token=${token}`,
      `/ignition?${placeOf(machine).query}&%74oken=${token}`,
    ];
  });
  return [...named, ...urls];
}

/** Lets everybody try everything; nobody may get anything, and the machine's life must stay as it is. */
async function attack(machine: MachineName): Promise<void> {
  const before = plane.lifeOf(machine);
  const { address } = placeOf(machine);
  const forged = { 'x-forwarded-for': address, forwarded: `for=${address}`, 'x-real-ip': address };
  for (const path of requestsFor(machine)) {
    for (const from of [...STRANGERS, NEIGHBOUR.address]) {
      for (const [method, headers] of [
        ['GET', {}],
        ['HEAD', {}],
        ['GET', forged],
      ] as const) {
        tries += 1;
        const { body, headers: sent, status } = await plane.ask(path, from, method, headers);
        const found = [...SECRETS, 'token='].filter((secret) =>
          `${JSON.stringify(sent)}${body}`.includes(secret),
        );
        if (found.length > 0) throw new Error(`${method} ${path} from ${from}: ${status} ${body}`);
      }
    }
  }
  for (const status of ['installed', 'up', 'failed&permanent=true']) {
    for (const from of STRANGERS) {
      const { status: answer } = await plane.ask(
        `/report?${placeOf(machine).query}&status=${status}`,
        from,
        'POST',
      );
      expect(answer).toBe(403);
    }
  }
  await plane.lives.settled(machine);
  expect(plane.lifeOf(machine)).toEqual(before);
}

/** What the machine itself gets. */
async function take(url: string, machine: MachineName): Promise<string> {
  stolen.add(url.replace(/^http:\/\/[^/]*/, ''));
  const { body, status } = await plane.fetch(url, placeOf(machine).address);
  expect(status).toBe(200);
  return body;
}

test('a live system: nobody else gets its configs before, in and after its boot; itself within the grace', async () => {
  await attack('secret1');
  await plane.arm('secret1', 'live');
  await attack('secret1');
  const url = await plane.boot('secret1');
  stolen.add(url.replace(/^http:\/\/[^/]*/, ''));
  await attack('secret1');
  const config = await take(url, 'secret1');
  expect(fileIn(config, '/password')).toBe('record-secret group-secret');
  expect(await take(fileIn(config, '/metadata'), 'secret1')).toContain('record-secret');
  await attack('secret1');
  plane.nowMs += GRACE_MS;
  expect(await take(url, 'secret1')).toBe(config);
  plane.nowMs += 1;
  await attack('secret1');
  expect((await plane.fetch(url, placeOf('secret1').address)).status).toBe(403);
  expect(tries).toBeGreaterThan(1_000);
  expect(new Set(plane.alarms)).toEqual(
    new Set(['foreign_sender', 'unknown_sender', 'no_token', 'another_machines_token', 'used']),
  );
});

test('an installation: nobody else gets the config of the installer or of the installed system', async () => {
  await plane.arm('disk1');
  const url = await plane.boot('disk1');
  stolen.add(url.replace(/^http:\/\/[^/]*/, ''));
  await attack('disk1');
  const installer = await take(url, 'disk1');
  stolen.add(fileIn(installer, '/installed').replace(/^http:\/\/[^/]*/, ''));
  await attack('disk1');
  const installed = await take(fileIn(installer, '/installed'), 'disk1');
  const report = fileIn(installed, '/password').split(' ').at(-1) ?? '';
  stolen.add(report.replace(/^http:\/\/[^/]*/, ''));
  await attack('disk1');
  const reported = `${report.replace(/^http:\/\/[^/]*/, '')}&status=installed`;
  // What a known card of another machine reports with the stolen token counts as little as all else.
  expect((await plane.ask(reported, '127.0.0.99', 'POST')).status).toBe(403);
  expect(plane.lifeOf('disk1').state).toBe('installing');
  const own = await plane.ask(reported, placeOf('disk1').address, 'POST');
  expect([own.status, plane.lifeOf('disk1').state]).toEqual([200, 'installed']);
  await attack('disk1');
  expect(tries).toBeGreaterThan(1_000);
});
