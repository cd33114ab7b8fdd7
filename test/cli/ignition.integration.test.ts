import { execa } from 'execa';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PROGRAM } from '../support/program.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'railhead-ignition-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function run(args: string[], input = '') {
  const command = [PROGRAM, 'ignition', ...args];
  const { exitCode, stdout, stderr } = await execa(process.execPath, command, { input, reject: false });
  return { exitCode, stdout, stderr };
}

async function file(name: string, config: object): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify(config));
  return path;
}

const bad = '{"ignition":{"version":"3.4.0"},"storage":{"files":[{"path":"rel"}]}}';
const badReport = 'error at $.storage.files.0.path, line 1 col 61: path not absolute';

describe.concurrent('railhead ignition validate', () => {
  test('reports on standard output, like ignition-validate, from a file and from standard input', async () => {
    const path = join(folder, 'bad.ign');
    await writeFile(path, bad);
    const answer = { exitCode: 1, stdout: badReport, stderr: '' };
    expect(await run(['validate', path])).toEqual(answer);
    expect(await run(['validate', '-'], bad)).toEqual(answer);
    expect(await run(['validate'], bad)).toEqual(answer);
  });

  test('a valid configuration is silent', async () => {
    const input = '{"ignition":{"version":"3.4.0"}}';
    expect(await run(['validate'], input)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  test.each([
    ['', 'not a config (empty)'],
    ['{}', "invalid config version (couldn't parse)"],
    ['{"ignition":{"version":"2.3.0"}}', 'unsupported config version'],
  ])('%j is refused', async (input, reason) => {
    expect(await run(['validate'], input)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `couldn't parse config: ${reason}`,
    });
  });

  test('a missing file, an unknown flag and the version', async () => {
    expect(await run(['validate', '/nowhere/x.ign'])).toMatchObject({
      exitCode: 1,
      stderr: "couldn't read config: open /nowhere/x.ign: no such file or directory",
    });
    const unknown = await run(['validate', '--bogus=1']);
    expect(unknown.exitCode).toBe(2);
    expect(unknown.stderr).toContain('flag provided but not defined: -bogus\nUsage:');
    expect(await run(['validate', '-version'])).toMatchObject({
      exitCode: 0,
      stdout: 'Railhead, for Ignition 3.0.0 to 3.7.0-experimental',
    });
  });
});

describe.concurrent('railhead ignition merge', () => {
  const config = (version: string, rest: object) => ({
    ignition: { version },
    storage: { files: [{ path: '/a', ...rest }] },
  });

  test('merges over standard input, in the newest specification of the inputs', async () => {
    const child = await file('child.ign', config('3.4.0', { mode: 420 }));
    const parent = JSON.stringify(
      config('3.1.0', { contents: { source: 'http://p/', compression: 'gzip' } }),
    );
    expect(await run(['merge', '-', child], parent)).toEqual({
      exitCode: 0,
      stdout:
        '{"ignition":{"version":"3.4.0"},"storage":{"files":' +
        '[{"path":"/a","contents":{"compression":"gzip","source":"http://p/"},"mode":420}]}}',
      stderr: '',
    });
  });

  test('--layered replaces contents as a unit', async () => {
    const parent = await file(
      'layer0.ign',
      config('3.4.0', { contents: { source: 'data:,p', compression: 'gzip' } }),
    );
    const child = await file('layer1.ign', config('3.4.0', { contents: { source: 'data:,c' } }));
    const { stdout } = await run(['merge', '--layered', '--pretty', parent, child]);
    expect(JSON.parse(stdout)).toEqual(config('3.4.0', { contents: { source: 'data:,c' } }));
    expect(stdout.split('\n')[1]).toBe('  "ignition": {');
  });

  test('an invalid input or result is an error that names it', async () => {
    const named = await file('named.ign', config('3.4.0', { user: { name: 'a' } }));
    const numbered = await file('numbered.ign', config('3.4.0', { user: { id: 1 } }));
    expect(await run(['merge', named, '-'], bad)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: `standard input: ${badReport}`,
    });
    expect(await run(['merge', named, numbered])).toEqual({
      exitCode: 1,
      stdout: '',
      stderr:
        'The merged configuration is not valid:\nerror at $.storage.files.0.user: cannot set both id and name',
    });
  });
});

describe.concurrent('railhead ignition upconvert', () => {
  const old = '{"ignition":{"version":"3.2.0"},"storage":{"links":[{"path":"/l"}]}}';
  const complaint =
    'The result does not meet the rules of Ignition 3.3.0:\n' +
    'error at $.storage.links.0.target: link target is required';

  test('writes the newer specification, and reports what is invalid in it', async () => {
    const stdout = '{"ignition":{"version":"3.3.0"},"storage":{"links":[{"path":"/l","target":""}]}}';
    expect(await run(['upconvert', '--to', '3.3.0'], old)).toEqual({
      exitCode: 0,
      stdout,
      stderr: complaint,
    });
    expect(await run(['upconvert', '--to', '3.3.0', '--strict'], old)).toEqual({
      exitCode: 1,
      stdout: '',
      stderr: complaint,
    });
  });

  test('refuses an older specification, and an unknown one', async () => {
    const down = await run(['upconvert', '--to', '3.1.0', '-'], old);
    expect(down.exitCode).toBe(1);
    expect(down.stderr).toMatch(/^An Ignition 3.2.0 configuration cannot be turned into 3.1.0/);
    const unknown = await run(['upconvert', '--to', '3.9.0'], old);
    expect(unknown.exitCode).toBe(2);
    expect(unknown.stderr).toContain('--to 3.9.0: not a known Ignition specification');
  });
});
