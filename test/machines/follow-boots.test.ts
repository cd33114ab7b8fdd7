import { expect, test } from 'vitest';
import { bootFollower } from '../../src/machines/follow-boots.ts';
import type { MacAddress } from '../../src/protocol/mac-address.ts';
import type { BootEvent, BootEventKind } from '../../src/provision/history/boot-event.ts';
import type { LifeEvent } from '../../src/provision/machines/lifecycle/life-event.ts';
import type { LifeState } from '../../src/provision/machines/lifecycle/life.ts';
import { lifeIn } from '../provision/machines/lifecycle/some-lives.ts';

const MAC = '52:54:00:00:00:01' as MacAddress;

function told(state: LifeState, event: Partial<BootEvent>, withoutConfig = false): unknown[] {
  const calls: unknown[] = [];
  const follower = bootFollower({
    lives: {
      find: (machineId) => ({ ...lifeIn(state), machineId }),
      step: (machineId) => void calls.push(['step', machineId]),
      note: (machineId, declared, { kind, ...rest }: LifeEvent) =>
        void calls.push([kind, machineId, declared, rest]),
    },
    bootsWithoutConfig: () => withoutConfig,
  });
  follower.note({ at: new Date(0), kind: 'http.asset', summary: '', detail: {}, mac: MAC, ...event });
  return calls;
}

test.each<BootEventKind>(['dhcp.ack', 'tftp.sent', 'http.asset', 'metadata.sent'])(
  'a machine that boots takes a step with %s',
  (kind) => {
    expect(told('booting', { kind, machineId: 'node1' })).toEqual([['step', 'node1']]);
    expect(told('installing', { kind })).toEqual([['step', '52-54-00-00-00-01']]);
    expect(told('live', { kind })).toEqual([]);
  },
);

test.each<BootEventKind>(['dhcp.ignored', 'ignition.refused', 'access.refused', 'machine.discovered'])(
  'it takes none with %s, which anybody can cause',
  (kind) => {
    expect(told('booting', { kind, machineId: 'node1' })).toEqual([]);
  },
);

test('a boot that is stuck makes the machine stalled, with the usual cause', () => {
  const stuck = { kind: 'boot.stuck', summary: 'no kernel within 60 s', machineId: 'node1' } as const;
  expect(told('booting', { ...stuck, detail: { advice: 'look at the screen' } })).toEqual([
    ['stall', 'node1', true, { message: 'no kernel within 60 s; look at the screen' }],
  ]);
  expect(told('installed', stuck)).toEqual([]);
});

test('a system without an Ignition config runs once it has its files', () => {
  expect(told('booting', {}, true)).toEqual([['image_loaded', '52-54-00-00-00-01', false, {}]]);
  expect(told('installing', {}, true)).toEqual([['step', '52-54-00-00-00-01']]);
});
