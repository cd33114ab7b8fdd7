import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { inspectUnit, parseUnit } from '../../src/ignition/systemd-unit.ts';

function faultOf(text: string): string | undefined {
  const findings = inspectUnit(text);
  return findings.kind === 'fault' ? findings.message : undefined;
}

describe('parseUnit', () => {
  test('yields sections, options and continued lines', () => {
    const text =
      'ignored = text\n# comment\n[Unit]\nDescription = a b \n\n; note \\\nstill the note\n[Service]\r\nExecStart=/bin/a \\\n  -b\n';
    expect(parseUnit(text)).toEqual([
      { section: 'Unit', name: 'Description', value: 'a b' },
      { section: 'Service', name: 'ExecStart', value: '/bin/a \\\n  -b' },
    ]);
  });

  test('a continuation that nothing follows keeps its line feed', () => {
    expect(parseUnit('[A]\nb=c\\\n\n')).toEqual([{ section: 'A', name: 'b', value: 'c\\\n' }]);
    expect(parseUnit('[A]\nb=c\\')).toEqual([{ section: 'A', name: 'b', value: 'c\\' }]);
  });

  test.each([
    ['', undefined],
    ['no section at all', undefined],
    ['[', 'unable to find end of section'],
    ['[Unit', 'unable to find end of section'],
    ['[Unit] x\n', 'found garbage after section name : "x"'],
    ['[Unit] \t\n', undefined],
    ['[A]\nfoo\n', 'unexpected newline encountered while parsing option name'],
    ['[A]\nfoo', 'EOF'],
    ['[A]\n=value\n', undefined],
    ['[A]\n\u00a0b=c\n', undefined],
    ['[A\nB]\nc=d', undefined],
  ])('%j: %s', (text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });

  const tooLong = 'line too long (max 2048 bytes)';
  // go-systemd sees only the data that its reader of 4,096 bytes holds when a step begins.
  test.each([
    ['a line of 2,500 bytes at the start of the window', `[A]\nb=${'x'.repeat(2500)}\n`, tooLong],
    ['a line of 2,048 bytes with its line end', `[A]\nb=${'x'.repeat(2045)}\n`, undefined],
    [
      'a line of 2,500 bytes near the end of the window',
      `[A]\n${'#\n'.repeat(1500)}b=${'x'.repeat(2500)}\n`,
      undefined,
    ],
    ['short lines without end', `[A]\n${'b=c\n'.repeat(5000)}`, undefined],
    ['a long text before any section', 'x'.repeat(5000), tooLong],
  ])('%s', (_name, text, fault) => {
    expect(faultOf(text)).toBe(fault);
  });

  test.each([
    ['[Install]\nWantedBy=a', true],
    ['[Install]\n', false],
    ['[Unit]\nA=b', false],
    ['[Unit', undefined],
  ])('an option in [Install] of %j: %s', (text, has) => {
    expect(inspectUnit(text)).toEqual(
      has === undefined
        ? { kind: 'fault', message: 'unable to find end of section' }
        : { kind: 'unit', hasInstallOption: has },
    );
  });

  test('noise never throws anything but a UnitSyntaxError, which inspectUnit catches', () => {
    const piece = fc.constantFrom(
      '[',
      ']',
      '\n',
      '\r',
      '=',
      '\\',
      '#',
      ' ',
      'a',
      'é',
      '\ufeff',
      'x'.repeat(2047),
    );
    fc.assert(fc.property(fc.array(piece), (pieces) => void faultOf(pieces.join(''))));
  });
});
