import { expect, test } from 'vitest';
import { LabReport, type LabResult } from '../../src/lab/lab-report.ts';
import { parseMac } from '../../src/protocol/mac-address.ts';

const booted: LabResult = {
  machine: { name: 'node1', mac: parseMac('52:54:00:77:01:01')!, firmware: 'bios' },
  role: 'web',
  hostname: 'node1',
  failure: undefined,
  consoleEnding: [],
  seconds: 12.4,
};
const failed: LabResult = {
  machine: { name: 'node2', mac: parseMac('52:54:00:77:01:02')!, firmware: 'uefi-http' },
  role: 'db',
  hostname: undefined,
  failure: 'timed out after 60 s',
  consoleEnding: ['BdsDxe: starting', 'No bootable device'],
  seconds: 60,
};

function report(colours = false): { readonly report: LabReport; readonly lines: string[] } {
  const lines: string[] = [];
  return { report: new LabReport((line) => lines.push(line), colours), lines };
}

test('a machine that failed is shown with the reason and the end of its console', () => {
  const { lines, report: lab } = report();
  lab.title('A rack');
  lab.fact('server', 'at 10.77.0.1');
  lab.event(2.71, 'node1', 'dhcp.offer', 'offered 10.77.0.100');
  lab.event(60, 'node2', 'failed', 'timed out after 60 s');
  lab.summary([booted, failed]);
  lab.end([booted, failed], false);
  expect(lines.join('\n')).toBe(`A rack

  server   at 10.77.0.1

   2.7 s  node1   dhcp.offer         offered 10.77.0.100
  60.0 s  node2   failed             timed out after 60 s

  machine  firmware   MAC                role  host name  result
  node1    bios       52:54:00:77:01:01  web   node1      booted in 12 s
  node2    uefi-http  52:54:00:77:01:02  db    -          failed: timed out after 60 s

The console of node2 ends:
  | BdsDxe: starting
  | No bootable device

1 of 2 machines went from power-on to a host name of its own. The rack is gone.`);
});

test.each<{ how: string; results: LabResult[]; interrupted: boolean; end: string }>([
  {
    how: 'all booted',
    results: [booted],
    interrupted: false,
    end: '\x1b[32m1 of 1 machine went from power-on to a host name of its own.\x1b[39m The rack is gone.',
  },
  {
    how: 'interrupted when all had booted',
    results: [booted],
    interrupted: true,
    end: '\x1b[32m1 of 1 machine went from power-on to a host name of its own.\x1b[39m The rack is gone.',
  },
  {
    how: 'one failed',
    results: [failed],
    interrupted: false,
    end: '\x1b[31m0 of 1 machine went from power-on to a host name of its own.\x1b[39m The rack is gone.',
  },
  {
    how: 'interrupted before anything was switched on',
    results: [],
    interrupted: true,
    end: '\x1b[31mInterrupted.\x1b[39m The rack is gone.',
  },
])('the last line of a terminal: $how', ({ end, interrupted, results }) => {
  const { lines, report: lab } = report(true);
  lab.end(results, interrupted);
  expect(lines.at(-1)).toBe(end);
});

test('control characters of a machine do not reach the terminal', () => {
  const { lines, report: lab } = report();
  lab.event(1, 'node2', 'http.ignition', 'name\x1b]0;owned\x07 \x9b2J');
  lab.summary([{ ...failed, failure: 'no\x1b[2J', hostname: 'a\rb', consoleEnding: ['\x1b[1mbold'] }]);
  expect(lines.join('')).not.toMatch(/[\x00-\x1f\x7f-\x9f]/);
  expect(lines.join('\n')).toContain('name\\u001b]0;owned\\u0007 \\u009b2J');
});
