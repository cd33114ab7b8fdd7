import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StoreError } from '../../../src/store/store-error.ts';
import { fileIn, GRACE_MS, LifePlane, MINUTE_MS, placeOf, STRANGER } from './life-plane.ts';

let plane: LifePlane;

beforeEach(async () => {
  plane = await LifePlane.start();
});

afterEach(() => plane.close());

/** What the store has written, as kinds of transitions. */
const written = (): string[] => plane.store.batches.flat().map(({ transition }) => transition.kind);

describe('a script for a machine that has to be armed', () => {
  test('is not given to one that is not armed, which waits', async () => {
    const { body, status } = await plane.own('secret1', '/ipxe');
    expect(status).toBe(200);
    expect(body).toContain('machine secret1 is not armed');
    expect(body).toContain('set next wait');
  });

  test('waits in GRUB too, whose screen shows what the machine has told', async () => {
    const { address, query, uuid } = placeOf('secret1');
    const { body } = await plane.ask(`/grub?${query}&uuid=${uuid}&product=R640`, address);
    expect(body).toContain('machine secret1 is not armed.');
    expect(body).toContain('railhead machines arm secret1');
    expect(body).toContain(`"  uuid ${uuid}  product R640"`);
  });

  test('is sent once the boot is stored, and not before', async () => {
    await plane.arm('secret1', 'live');
    let open: (value: unknown) => void = () => undefined;
    plane.store.gate = new Promise((resolve) => (open = resolve));
    let answered = false;
    const script = plane.own('secret1', '/ipxe').then((answer) => {
      answered = true;
      return answer;
    });
    // Another request of another machine is answered meanwhile.
    expect((await plane.own('live1', '/ipxe')).status).toBe(200);
    expect([answered, plane.lifeOf('secret1').state]).toEqual([false, 'armed']);
    open(undefined);
    expect((await script).body).toMatch(/u=http:\/\/127\.0\.0\.1:\d+\/ignition\?mac=\S+&token=[\w-]{43}\n/);
    expect(plane.lifeOf('secret1')).toMatchObject({
      state: 'booting',
      purpose: 'live',
      deadlineMs: plane.nowMs + 30 * MINUTE_MS,
      session: { id: 'boot-session', purpose: 'live', ...at('secret1'), fetchedAtMs: {} },
    });
  });

  test('is not sent if the boot cannot be stored: nothing has happened then', async () => {
    await plane.arm('secret1', 'live');
    plane.store.failure = new StoreError('full', 'the disk is full');
    const { body, headers, status } = await plane.own('secret1', '/ipxe');
    expect([status, headers['retry-after']]).toEqual([503, '7']);
    expect(body).toContain('the database cannot be written');
    expect(plane.lifeOf('secret1').state).toBe('armed');
  });

  test('is decided after a change that is being stored', async () => {
    await plane.arm('secret1', 'live');
    const held = plane.happen('secret1', { kind: 'hold', message: 'bad fan' });
    expect((await plane.own('secret1', '/ipxe')).body).toContain('machine secret1 is held: bad fan');
    await held;
    expect(plane.lifeOf('secret1').state).toBe('armed');
  });

  test('changes nothing when only its size is asked for', async () => {
    await plane.arm('secret1', 'live');
    const { body, status } = await plane.own('secret1', '/ipxe', 'HEAD');
    expect([status, body, plane.lifeOf('secret1').state]).toEqual([200, '', 'armed']);
  });

  test('has no token without protection', async () => {
    await plane.arm('plain-disk1');
    expect(await plane.boot('plain-disk1')).not.toContain('token');
    expect(plane.lifeOf('plain-disk1')).toMatchObject({ state: 'booting', purpose: 'install' });
    expect(plane.lifeOf('plain-disk1').session).toBeUndefined();
  });

  test('is the leading one over TFTP and for GRUB by name, which asks for the rest over HTTP', async () => {
    await plane.arm('plain-disk1');
    const { body } = await plane.ask('/grub/grub.cfg-01-52-54-00-00-00-03', placeOf('plain-disk1').address);
    expect(body).toContain('configfile "(http,');
    expect(plane.lifeOf('plain-disk1').state).toBe('armed');
    expect((await plane.own('plain-disk1', '/grub')).body).toContain('menuentry');
    expect(plane.lifeOf('plain-disk1').state).toBe('booting');
  });

  test.each(['/ipxe', '/grub'])('is refused to the card of another machine: %s', async (path) => {
    await plane.arm('plain-disk1');
    const { status } = await plane.ask(`${path}?${placeOf('plain-disk1').query}`, placeOf('live1').address);
    expect([status, plane.lifeOf('plain-disk1').state]).toEqual([403, 'armed']);
    expect(plane.events.at(-1)).toMatchObject({
      kind: 'access.refused',
      mac: placeOf('plain-disk1').mac,
      address: placeOf('live1').address,
      detail: { alarm: 'foreign_sender', what: 'boot script', card: placeOf('live1').mac },
    });
  });

  test('is refused to a card that is not known if the machine is protected, and only then', async () => {
    await plane.arm('secret1', 'live');
    await plane.arm('plain-disk1');
    const from = '127.0.0.99';
    expect((await plane.ask(`/ipxe?${placeOf('secret1').query}`, from)).status).toBe(403);
    expect((await plane.ask(`/ipxe?${placeOf('plain-disk1').query}`, from)).status).toBe(200);
    expect([plane.lifeOf('secret1').state, plane.alarms]).toEqual(['armed', ['unknown_sender']]);
  });

  test('is not sent without end to a machine that asks again and again', async () => {
    await plane.arm('plain-disk1');
    const statuses = [];
    for (let asked = 0; asked < 22; asked++) statuses.push((await plane.own('plain-disk1', '/ipxe')).status);
    expect([statuses[19], statuses[20]]).toEqual([200, 503]);
    plane.nowMs += MINUTE_MS;
    expect((await plane.own('plain-disk1', '/ipxe')).status).toBe(200);
  });
});

describe('arm: auto', () => {
  test('arms a machine once, for one installation', async () => {
    await plane.boot('auto1');
    expect(plane.lifeOf('auto1')).toMatchObject({
      state: 'booting',
      armedBySystem: true,
      arm: {
        by: 'system',
        attemptsLeft: 1,
        reason: 'group auto has arm: auto',
        expiresAtMs: plane.nowMs + 60 * MINUTE_MS,
      },
    });
    expect(written()).toEqual(['life.auto_arm', 'life.script_served']);
    await plane.own('auto1', '/ignition');
    await plane.happen('auto1', { kind: 'report_installed', installation: { atMs: plane.nowMs } });
    for (let restart = 0; restart < 3; restart++) {
      expect((await plane.own('auto1', '/ipxe')).body).toContain('machine auto1 is installed: booting from');
    }
    expect(plane.lifeOf('auto1').state).toBe('installed');
  });

  test('is told once that a machine asks although it is not armed, however often it asks', async () => {
    for (let asked = 0; asked < 5; asked++) await plane.own('secret1', '/ipxe');
    await plane.lives.settled('secret1');
    expect(written()).toEqual(['life.asked_while_unarmed']);
  });
});

describe('an installation', () => {
  test('that restarts without a report is tried again while it has attempts, and then has failed', async () => {
    await plane.arm('plain-disk1', 'install', 2);
    for (const attemptsLeft of [1, 0]) {
      await plane.boot('plain-disk1');
      expect((await plane.own('plain-disk1', '/ignition')).status).toBe(200);
      expect(plane.lifeOf('plain-disk1')).toMatchObject({ state: 'installing', arm: { attemptsLeft } });
    }
    expect((await plane.own('plain-disk1', '/ipxe')).body).toContain('machine plain-disk1 has failed');
    expect(plane.lifeOf('plain-disk1')).toMatchObject({
      state: 'failed',
      failure: { cause: 'rebooted_without_report' },
    });
  });

  test('begun three times within an hour is a loop, and ends', async () => {
    await plane.arm('plain-disk1', 'install', 9);
    for (let begun = 0; begun < 3; begun++) {
      await plane.boot('plain-disk1');
      await plane.own('plain-disk1', '/ignition');
    }
    expect((await plane.own('plain-disk1', '/ipxe')).body).toContain('installations within an hour');
    expect(plane.lifeOf('plain-disk1').conditions.loop_detected).toBeDefined();
    expect((await plane.own('plain-disk1', '/ignition')).status).toBe(503);
  });

  test('without protection gives its config in the boot for it, and not else', async () => {
    const asks = async () => (await plane.own('plain-disk1', '/ignition')).status;
    expect(await asks()).toBe(503);
    await plane.arm('plain-disk1');
    expect(await asks()).toBe(503);
    await plane.boot('plain-disk1');
    const stranger = await plane.ask(`/ignition?${placeOf('plain-disk1').query}`, placeOf('live1').address);
    expect([stranger.status, plane.lifeOf('plain-disk1').state]).toEqual([403, 'booting']);
    expect(await asks()).toBe(200);
    expect(plane.lifeOf('plain-disk1')).toMatchObject({
      state: 'installing',
      deadlineMs: plane.nowMs + 60 * MINUTE_MS,
    });
    // A retry is the same attempt.
    expect([await asks(), plane.lifeOf('plain-disk1').installsBegunMs.length]).toEqual([200, 1]);
    const installed = await plane.ask(
      `/ignition?${placeOf('plain-disk1').query}&os=installed`,
      placeOf('plain-disk1').address,
    );
    expect(fileIn(installed.body, '/password')).toContain('installed record-secret');
    await plane.happen('plain-disk1', { kind: 'report_installed', installation: { atMs: plane.nowMs } });
    expect(await asks()).toBe(503);
  });
});

describe('a protected config', () => {
  test('is given once, and again within the grace', async () => {
    await plane.arm('secret1', 'live');
    const url = await plane.boot('secret1');
    const { address } = placeOf('secret1');
    const first = await plane.fetch(url, address);
    expect(fileIn(first.body, '/password')).toBe('record-secret group-secret');
    expect(plane.lifeOf('secret1')).toMatchObject({
      state: 'live',
      session: { fetchedAtMs: { ignition: plane.nowMs } },
    });
    plane.nowMs += GRACE_MS;
    expect(await plane.fetch(url, address)).toMatchObject({ status: 200, body: first.body });
    plane.nowMs += 1;
    expect((await plane.fetch(url, address)).status).toBe(403);
    expect(plane.alarms).toEqual(['used']);
  });

  test('is not used up by a template that fails, nor by HEAD', async () => {
    await plane.arm('needy1', 'live');
    const { address } = placeOf('needy1');
    const needy = await plane.boot('needy1');
    expect((await plane.fetch(`${needy}&bad=1`, address)).body).toContain('x is needed');
    expect(plane.lifeOf('needy1').state).toBe('booting');
    expect((await plane.fetch(needy, address)).status).toBe(200);
    await plane.arm('secret1', 'live');
    const url = await plane.boot('secret1');
    const head = await plane.ask(url.replace(/^http:\/\/[^/]*/, ''), placeOf('secret1').address, 'HEAD');
    expect([head.status, plane.lifeOf('secret1').state]).toEqual([200, 'booting']);
  });

  test('comes with URLs that have the tokens of their uses', async () => {
    await plane.arm('disk1');
    const { address } = placeOf('disk1');
    const installer = (await plane.fetch(await plane.boot('disk1'), address)).body;
    expect(plane.lifeOf('disk1').state).toBe('installing');
    expect((await plane.fetch(fileIn(installer, '/metadata'), address)).body).toContain(
      'PASSWORD=record-secret',
    );
    const installed = await plane.fetch(fileIn(installer, '/installed'), address);
    expect(fileIn(installed.body, '/password')).toMatch(
      /^installed record-secret http:\S+\/report\?\S+&token=[\w-]{43}$/,
    );
    await plane.happen('disk1', { kind: 'report_installed', installation: { atMs: plane.nowMs } });
    // The installed system merges a part of its config when it first starts.
    const { ignition } = JSON.parse(installed.body) as {
      ignition: { config: { merge: { source: string }[] } };
    };
    const part = ignition.config.merge[0]?.source ?? '';
    expect((await plane.fetch(part, address)).body).toBe('template-secret record-secret\n');
    await plane.happen('disk1', { kind: 'report_up' });
    expect((await plane.fetch(part, address)).status).toBe(403);
  });

  test('is not given while the machine is held, and is afterwards', async () => {
    await plane.arm('secret1', 'live');
    const url = await plane.boot('secret1');
    await plane.happen('secret1', { kind: 'hold', message: 'bad fan' });
    const held = await plane.fetch(url, placeOf('secret1').address);
    expect([held.status, held.headers['retry-after'], held.body]).toEqual([
      503,
      '7',
      'machine secret1 is held: bad fan\n',
    ]);
    await plane.happen('secret1', { kind: 'release' });
    expect((await plane.fetch(url, placeOf('secret1').address)).status).toBe(200);
  });

  test('is given after a restart of the server', async () => {
    await plane.arm('secret1', 'live');
    const url = await plane.boot('secret1');
    await plane.restart();
    expect((await plane.fetch(url, placeOf('secret1').address)).status).toBe(200);
  });

  test('is not given if that cannot be stored', async () => {
    await plane.arm('secret1', 'live');
    const url = await plane.boot('secret1');
    plane.store.failure = new StoreError('full', 'the disk is full');
    expect((await plane.fetch(url, placeOf('secret1').address)).status).toBe(503);
    plane.store.failure = undefined;
    expect((await plane.fetch(url, placeOf('secret1').address)).status).toBe(200);
  });
});

describe('a profile that any machine may boot at any time', () => {
  test('is answered at once, while the store waits, and its state follows', async () => {
    let open: (value: unknown) => void = () => undefined;
    plane.store.gate = new Promise((resolve) => (open = resolve));
    expect(await plane.boot('live1')).not.toContain('token');
    open(undefined);
    await plane.lives.settled('live1');
    expect(plane.lifeOf('live1').state).toBe('booting');
    for (let fetched = 0; fetched < 2; fetched++) {
      expect((await plane.own('live1', '/ignition')).status).toBe(200);
      await plane.lives.settled('live1');
    }
    expect(plane.lifeOf('live1').state).toBe('live');
    expect(written()).toEqual(['life.script_served', 'life.ignition_served']);
  });

  test('stores nothing for cards without a record, of which anybody can invent any number', async () => {
    for (let index = 10; index < 60; index++) {
      expect((await plane.ask(`/ipxe?mac=5254000000${index}&open=yes`, '127.0.0.99')).status).toBe(200);
      expect((await plane.ask(`/ignition?mac=5254000000${index}&open=yes`, '127.0.0.99')).status).toBe(200);
    }
    expect([...plane.lives.list()]).toEqual([]);
  });

  test("changes no life for a request of another machine's card", async () => {
    plane.cards.set('127.0.0.99', [STRANGER]);
    expect((await plane.ask(`/ipxe?${placeOf('live1').query}`, '127.0.0.99')).status).toBe(200);
    expect(plane.lives.isBusy('live1')).toBe(false);
    expect(plane.lifeOf('live1').state).toBe('ready');
  });
});

function at(name: 'secret1'): { mac: string; address: string } {
  const { address, mac } = placeOf(name);
  return { mac, address };
}
