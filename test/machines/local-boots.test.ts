import pino from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { describeLocalBoot } from '../../src/machines/describe-local-boot.ts';
import { LocalBoots } from '../../src/machines/local-boots.ts';
import { type LocalBootMethod, type MachineModel, modelOf } from '../../src/provision/boot/local-boot.ts';
import { StoreError } from '../../src/store/store-error.ts';
import { FakeLocalBootStore } from '../fakes/fake-local-boot-store.ts';

const UEFI: MachineModel = { loader: 'ipxe', firmware: 'uefi', manufacturer: 'Acme', product: 'One' };
const BIOS: MachineModel = { ...UEFI, firmware: 'bios' };

let store: FakeLocalBootStore;
let nowMs: number;
let boots: LocalBoots;

const load = (): Promise<LocalBoots> =>
  LocalBoots.load({
    store,
    log: pino({ level: 'silent' }),
    now: () => new Date(1_000_000 + nowMs),
    nowMs: () => nowMs,
  });
/** Sends the machine to its disk after some seconds, and returns by which method. */
const after = (seconds: number, machineId = 'node1', model = BIOS, set?: LocalBootMethod, mac = 'card 1') => {
  nowMs += seconds * 1000;
  return boots.send({ machineId, mac, model, set });
};
const known = () => [...boots.models()].map(({ failed, method, works }) => ({ method, works, failed }));

beforeEach(async () => {
  store = new FakeLocalBootStore();
  nowMs = 0;
  boots = await load();
});

describe('a model of which nothing is known', () => {
  test('a machine that stays away shows that the first method works', async () => {
    expect(after(0)).toBe('sanboot');
    nowMs += 119_000;
    await boots.look();
    expect(known()).toEqual([]);
    nowMs += 1_000;
    await boots.look();
    expect(known()).toEqual([{ method: 'sanboot', works: true, failed: [] }]);
  });

  test('so does a machine that asks again later, and one that reports that it is up', () => {
    after(0);
    expect(after(600)).toBe('sanboot');
    expect(known()).toEqual([{ method: 'sanboot', works: true, failed: [] }]);
    after(0, 'node2', UEFI);
    nowMs += 20_000;
    boots.cameUp('node2');
    expect(known()[1]).toEqual({ method: 'exit', works: true, failed: [] });
  });

  test('GRUB starts the disk itself: UEFI stays in its setup menu when GRUB ends', () => {
    const grub = { ...UEFI, loader: 'grub' } as const;
    expect(after(0, 'a', grub)).toBe('sanboot');
    expect([1, 2, 3, 4].map(() => after(30, 'a', grub))).toEqual([
      'sanboot',
      'sanboot',
      'sanboot',
      'firmware',
    ]);
  });

  test('a machine that comes back twice in a row within two minutes gets the next method, and so do others of its model', () => {
    expect([after(0), after(30), after(30)]).toEqual(['sanboot', 'sanboot', 'exit']);
    expect(after(0, 'node2')).toBe('exit');
    expect(known()).toEqual([{ method: 'exit', works: false, failed: ['sanboot'] }]);
    expect([after(30), after(30)]).toEqual(['exit', 'firmware']);
    expect(boots.find('node1')).toBe('firmware');
    expect([after(30), after(30)]).toEqual(['firmware', 'sanboot']);
    expect(known()).toEqual([{ method: 'sanboot', works: false, failed: [] }]);
  });

  test('UEFI asks by PXE and by HTTP from every card before it goes on to the disk, which is no return', async () => {
    const asks = (seconds: number) =>
      [after(seconds, 'node1', UEFI), after(10, 'node1', UEFI)].concat(
        after(10, 'node1', UEFI, undefined, 'card 2'),
        after(10, 'node1', UEFI, undefined, 'card 2'),
      );
    expect(asks(0)).toEqual(Array(4).fill('exit'));
    expect(asks(60)).toEqual(Array(4).fill('exit'));
    // The third start of the machine within a few minutes.
    expect(asks(60)[0]).toBe('firmware');
    nowMs += 120_000;
    await boots.look();
    expect(known()).toEqual([{ method: 'firmware', works: true, failed: ['exit'] }]);
  });

  test('one quick return is not enough, nor are two with a report in between', () => {
    after(0);
    after(60);
    expect(after(200)).toBe('sanboot');
    after(30);
    boots.cameUp('node1');
    expect([after(30), after(30)]).toEqual(['sanboot', 'sanboot']);
  });

  test('a request that is repeated at once counts once', () => {
    expect([after(0), after(1), after(1), after(30), after(1)]).toEqual(Array(5).fill('sanboot'));
  });

  test('a machine that boots something else in between shows nothing', async () => {
    after(0);
    nowMs += 10_000;
    boots.bootsElse('node1');
    nowMs += 600_000;
    await boots.look();
    expect(known()).toEqual([]);
  });
});

describe('a model on which a method works', () => {
  beforeEach(async () => {
    after(0, 'other');
    nowMs += 120_000;
    await boots.look();
  });

  test('a machine that keeps coming back gets a method of its own, and others keep theirs', async () => {
    expect([after(0), after(30), after(30)]).toEqual(['sanboot', 'sanboot', 'exit']);
    expect(after(0, 'third')).toBe('sanboot');
    expect(known()).toEqual([{ method: 'sanboot', works: true, failed: [] }]);
    await boots.look();
    boots = await load();
    expect(after(600)).toBe('exit');
    expect([after(30), after(30)]).toEqual(['exit', 'firmware']);
  });
});

describe('a method that a record or a profile names', () => {
  test('is used, and never replaced', () => {
    const firmware = (seconds: number) => after(seconds, 'node1', BIOS, 'firmware');
    expect([firmware(0), firmware(30), firmware(30), firmware(30)]).toEqual(Array(4).fill('firmware'));
    expect(known()).toEqual([]);
  });

  test('is learned for the model if it works', () => {
    after(0, 'node1', BIOS, 'exit');
    boots.cameUp('node1');
    expect(after(0, 'node2')).toBe('exit');
  });
});

describe('after a restart', () => {
  test('the methods and the models of machines are known, so that firmware that asks gets no boot loader', async () => {
    for (const seconds of [0, 30, 30, 30, 30]) after(seconds);
    await boots.close();
    boots = await load();
    expect(boots.find('node1')).toBe('firmware');
    expect(boots.find('node9')).toBeUndefined();
    boots.forget('node1');
    await boots.close();
    expect((await load()).find('node1')).toBeUndefined();
  });

  test('what could not be written is written later', async () => {
    after(0);
    boots.cameUp('node1');
    store.failure = new StoreError('full', 'the disk is full');
    await boots.look();
    store.failure = undefined;
    await boots.look();
    expect([...store.models.values()]).toMatchObject([{ method: 'sanboot', works: true }]);
  });
});

test('a model is what the boot loader says of the machine', () => {
  const labels = new Map([
    ['firmware', 'uefi'],
    ['manufacturer', 'Acme'],
    ['product', 'One'],
  ]);
  expect(modelOf(labels, 'ipxe')).toEqual(UEFI);
  expect(modelOf(new Map(), 'grub')).toEqual({
    loader: 'grub',
    firmware: 'bios',
    manufacturer: '',
    product: '',
  });
});

describe('what is said about a machine', () => {
  test('the method of its model, and whether it works', () => {
    expect(describeLocalBoot(undefined, boots.describe('node1'))).toBeUndefined();
    after(0);
    expect(describeLocalBoot(undefined, boots.describe('node1'))).toBe(
      'sanboot, not known yet to work on Acme One with BIOS',
    );
    expect(describeLocalBoot('exit', boots.describe('node1'))).toBe(
      'exit, as local_boot of its record or profile says',
    );
    after(30);
    after(30);
    boots.cameUp('node1');
    expect(describeLocalBoot(undefined, boots.describe('node1'))).toBe(
      'exit, which works on Acme One with BIOS; sanboot failed',
    );
  });

  test('the method for it alone', () => {
    after(0, 'other');
    boots.cameUp('other');
    for (const seconds of [0, 30, 30]) after(seconds);
    expect(describeLocalBoot(undefined, boots.describe('node1'))).toBe(
      'exit, for this machine alone; sanboot failed',
    );
  });
});
