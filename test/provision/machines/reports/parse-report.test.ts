import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseReport, type ReportRequest } from '../../../../src/provision/machines/reports/parse-report.ts';

const request = (rawQuery: string, body = '', contentType?: string): ReportRequest => ({
  rawQuery,
  body,
  contentType,
});
const HASH = 'ab'.repeat(32);

describe('what a report says', () => {
  test.each<[string, ReportRequest, object]>([
    [
      'curl --data with one line is a progress message',
      request('mac=52:54:00:00:00:01', 'install started on /dev/vda', 'application/x-www-form-urlencoded'),
      { status: 'progress', message: 'install started on /dev/vda', log: [], permanent: false },
    ],
    [
      'the first line of a text is the message, and the rest is the log',
      request('status=failed', 'flatcar-install failed\n+ flatcar-install\n  no space left\n\n'),
      {
        status: 'failed',
        message: 'flatcar-install failed',
        log: ['+ flatcar-install', '  no space left'],
        permanent: false,
      },
    ],
    [
      'with a message in the query all of the body is the log',
      request('status=failed&permanent=true&phase=verify&message=bad+signature', 'one\r\ntwo\r\n'),
      {
        status: 'failed',
        phase: 'verify',
        message: 'bad signature',
        log: ['one', 'two'],
        permanent: true,
      },
    ],
    [
      'an installation with all that belongs to it',
      request(
        `status=installed&release=4593.2.4&disk=/dev/nvme0n1&config_hash=${HASH.toUpperCase()}&generation=a1b2c3`,
      ),
      {
        status: 'installed',
        message: 'installed',
        log: [],
        permanent: false,
        release: '4593.2.4',
        disk: '/dev/nvme0n1',
        configHash: HASH,
        generation: 'a1b2c3',
      },
    ],
    [
      'a JSON object, as curl --json sends it',
      request(
        '',
        JSON.stringify({ status: 'up', message: 'running', log: ['a', 'b'], release: '1.2.3', disk: null }),
        'application/json',
      ),
      { status: 'up', message: 'running', log: ['a', 'b'], permanent: false, release: '1.2.3' },
    ],
    [
      'a JSON object that curl --data sends as a form; its log is one text',
      request(
        '',
        '{"status":"failed","permanent":true,"log":"a\\nb\\n"}',
        'application/x-www-form-urlencoded',
      ),
      { status: 'failed', message: 'failed', log: ['a', 'b'], permanent: true },
    ],
    [
      'the query counts for more than the body',
      request('status=up&message=from+the+query', '{"status":"failed","message":"from the body"}'),
      { status: 'up', message: 'from the query', log: [], permanent: false },
    ],
    [
      'a text that only looks like JSON',
      request('', '{ braces\nof a log'),
      { status: 'progress', message: '{ braces', log: ['of a log'], permanent: false },
    ],
    [
      'facts alone',
      request('', '{"facts":{"memory_bytes":8589934592}}'),
      {
        status: 'progress',
        message: 'facts about the hardware',
        log: [],
        permanent: false,
        facts: { memory_bytes: 8_589_934_592 },
      },
    ],
    ['nothing at all', request(''), { status: 'progress', message: 'progress', log: [], permanent: false }],
  ])('%s', (_what, given, report) => {
    expect(parseReport(given)).toEqual({ report, notes: [] });
  });

  test('a parameter that is repeated counts once, and an empty one not at all', () => {
    const { report } = parseReport(request('status=&status=up&status=failed&phase='));
    expect(report).toEqual({ status: 'up', message: 'up', log: [], permanent: false });
  });

  test('a form body with a query of its own is text', () => {
    const { report } = parseReport(request('', 'status=installed'));
    expect(report).toMatchObject({ status: 'progress', message: 'status=installed' });
  });
});

describe('text from machines is printable and bounded', () => {
  test('of a log the last 200 lines are kept', () => {
    const lines = Array.from({ length: 250 }, (_, index) => `line ${index}`);
    const { notes, report } = parseReport(request('message=m', lines.join('\n')));
    expect(report.log).toEqual(lines.slice(50));
    expect(notes).toEqual(['of the log only the last 200 lines were kept']);
  });

  test('control characters are written out, and a progress meter is what it shows at last', () => {
    const { report } = parseReport(request('', 'done\u001b[31m\n 10%\r 50%\r100%\r\n\tindented'));
    expect(report.message).toBe('done\\u001b[31m');
    expect(report.log).toEqual(['100%', ' indented']);
  });

  test('long lines are cut', () => {
    const { report } = parseReport(request('', `${'m'.repeat(2000)}\n${'l'.repeat(2000)}`));
    expect(report.message).toHaveLength(500);
    expect(report.log[0]).toHaveLength(1000);
    expect(report.log[0]).toMatch(/l…$/);
  });

  test.each([
    ['+ curl http://10.0.0.2:8080/ignition?mac=52-54-00-00-00-01&token=SECRET -o /run/a.ign'],
    ["curl 'http://10.0.0.2:8080/report?token=SECRET'"],
    ['ignition.config.url=http://10.0.0.2/ignition?uuid=1&TOKEN=SECRET&os=installed'],
  ])('the token of a URL is removed: %s', (line) => {
    const { report } = parseReport(request(`message=${encodeURIComponent(line)}`, line));
    expect(JSON.stringify(report)).not.toContain('SECRET');
    expect(report.message).toMatch(/token=\[removed\]/i);
    expect(report.log[0]).toMatch(/token=\[removed\]/i);
  });
});

describe('what cannot be used does not cost the report', () => {
  test.each<[string, ReportRequest, RegExp]>([
    [
      'a status that does not exist',
      request('status=instaled', 'm'),
      /status=instaled is unknown: it is installed, up, failed or progress/,
    ],
    [
      'a JSON body that is cut off',
      request('', '{"status":"up"', 'application/json'),
      /not a JSON object, and was kept as text/,
    ],
    ['a JSON list', request('', '[1]', 'application/json; charset=utf-8'), /not a JSON object/],
  ])("%s is the sender's fault, and it is told", (_what, given, fault) => {
    const parsed = parseReport(given);
    expect(parsed.fault).toMatch(fault);
    expect(parsed.report.status).toBe('progress');
    expect(parsed.report.message).not.toBe('');
  });

  test.each<[string, ReportRequest, RegExp]>([
    ['a phase of several words', request('phase=a+b'), /^phase takes 1 to 64 letters/],
    ['a hash that is too short', request('config_hash=abc'), /^config_hash takes 64 hexadecimal digits/],
    ['an unclear permanent', request('permanent=perhaps'), /^permanent takes true or false/],
    ['unknown keys', request('', '{"colour":1,"a\\u001b":2}'), /^a report has no colour, a\\u001b; left out/],
    ['a message that is an object', request('', '{"message":{}}'), /^message takes a text/],
    ['a log of numbers', request('', '{"log":["a",1]}'), /^log takes a text or a list of texts/],
    ['facts that are a text', request('', '{"facts":"64 GB"}'), /^facts is not an object/],
  ])('%s is left out with a note', (_what, given, note) => {
    const { fault, notes } = parseReport(given);
    expect(fault).toBeUndefined();
    expect(notes).toEqual([expect.stringMatching(note)]);
  });
});

test('whatever is sent, the report is bounded and printable', () => {
  const contentType = fc.constantFrom('application/json', 'text/plain', undefined);
  const key = fc.constantFrom(
    'status',
    'phase',
    'message',
    'permanent',
    'facts',
    'log',
    'disk',
    '__proto__',
    'x',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('a token=b', 'installed', '\r\n', '{'),
  );
  const body = fc.oneof(
    text,
    fc.array(text, { maxLength: 300 }).map((lines) => lines.join('\n')),
    fc.json(),
    fc.dictionary(key, fc.jsonValue()).map((object) => JSON.stringify(object)),
  );
  const query = fc
    .array(fc.tuple(key, text), { maxLength: 8 })
    .map((pairs) => new URLSearchParams(pairs).toString());
  fc.assert(
    fc.property(query, contentType, body, (rawQuery, type, sent) => {
      const { notes, report } = parseReport(request(rawQuery, sent, type));
      expect(report.message).not.toBe('');
      expect(report.message.length).toBeLessThanOrEqual(500);
      expect(report.log.length).toBeLessThanOrEqual(200);
      for (const line of report.log) expect(line.length).toBeLessThanOrEqual(1000);
      // JSON.stringify escapes C0 itself, so what is left of a control character begins with two backslashes.
      for (const line of [report.message, ...report.log, ...notes, report.disk ?? '']) {
        expect(line).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
        expect(line).not.toMatch(/token=b/);
      }
    }),
    { numRuns: 1000 },
  );
});
