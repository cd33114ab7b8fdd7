import { expect, test } from 'vitest';
import { parseMac } from '../../../src/protocol/mac-address.ts';
import type { BootEventKind } from '../../../src/provision/history/boot-event.ts';
import { BootSessions } from '../../../src/provision/history/boot-session.ts';

const mac = parseMac('52:54:00:00:00:01')!;
const other = parseMac('52:54:00:00:00:02')!;

type Step = [
  seconds: number,
  kind: BootEventKind,
  stage: string | undefined,
  session: string,
  mac?: typeof mac,
];

test.each<[string, Step[]]>([
  [
    'firmware, iPXE and Ignition of one boot are one session',
    [
      [0, 'dhcp.offer', 'firmware', 's1'],
      [4, 'dhcp.offer', 'firmware', 's1'],
      [5, 'dhcp.ack', 'firmware', 's1'],
      [9, 'dhcp.offer', 'ipxe', 's1'],
      [40, 'ignition.sent', undefined, 's1'],
    ],
  ],
  [
    'a machine that is back at its firmware starts a session',
    [
      [0, 'dhcp.offer', 'firmware', 's1'],
      [1, 'dhcp.ack', 'firmware', 's1'],
      [60, 'dhcp.offer', 'firmware', 's2'],
    ],
  ],
  [
    'firmware that repeats its requests without progress stays in its session',
    [
      [0, 'dhcp.offer', 'firmware', 's1'],
      [28, 'dhcp.offer', 'firmware', 's1'],
      [60, 'dhcp.offer', 'firmware', 's1'],
    ],
  ],
  [
    'a lease renewed after hours does not belong to the boot',
    [
      [0, 'dhcp.offer', 'ipxe', 's1'],
      [7200, 'dhcp.ack', undefined, 's2'],
    ],
  ],
  [
    'machines do not share sessions',
    [
      [0, 'dhcp.offer', 'firmware', 's1'],
      [1, 'dhcp.offer', 'firmware', 's2', other],
      [2, 'dhcp.ack', 'firmware', 's1'],
    ],
  ],
])('%s', (_name, steps) => {
  let count = 0;
  const sessions = new BootSessions(() => `s${++count}`);
  for (const [seconds, kind, stage, expected, of = mac] of steps) {
    const at = new Date(1_700_000_000_000 + seconds * 1000);
    const detail = stage === undefined ? {} : { stage };
    expect(sessions.assign({ at, kind, mac: of, summary: '', detail })).toBe(expected);
  }
});
