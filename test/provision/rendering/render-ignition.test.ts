import { describe, expect, test } from 'vitest';
import { IgnitionCompiler } from '../../../src/provision/rendering/render-ignition.ts';
import { TemplateError } from '../../../src/provision/rendering/template-error.ts';

interface Layer {
  readonly name: string;
  readonly text: string;
  /** The name, if it differs from the text. */
  readonly template?: string;
}

/** All faults, or all warnings, one per line. */
function notesOf(...layers: readonly Layer[]): string[] {
  const sources = layers.map(({ name, text, template = text }) => ({ name, text, template }));
  try {
    return new IgnitionCompiler()
      .compile(sources)
      .warnings.map(({ template, line, column, message }) => `${template}:${line}:${column}: ${message}`);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    return error.all().map((fault) => `! ${fault.describe()}`);
  }
}

const butane = (text: string, template?: string): Layer => ({
  name: 'w.bu',
  text: `variant: flatcar\nversion: 1.1.0\n${text}`,
  ...(template !== undefined && { template: `variant: flatcar\nversion: 1.1.0\n${template}` }),
});
const ignition = (text: string): Layer => ({ name: 'c.ign', text });

test('all faults of all layers are reported at once, by the names of files', () => {
  const first = butane(
    'storage:\n  files:\n    - path: /a\n      filesystem: root\n      modee: 1\n      contents: {inlin: x}\n    - path: b\n',
  );
  const second = ignition(
    '{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/x","mode":99999,"contents":{"source":"nope:"}}]}}',
  );
  expect(notesOf(first, second)).toEqual([
    '! w.bu:6:7: /a: filesystem: unused key filesystem',
    '! w.bu:7:7: /a: modee: unused key modee',
    '! w.bu:8:18: /a: contents.inlin: unused key inlin',
    '! w.bu:9:13: b: path: path not absolute',
    '! c.ign:1:73: /x: mode: illegal file mode',
    '! c.ign:1:100: /x: contents.source: invalid url scheme',
  ]);
});

test('a fault of the merged config names the item and the layers', () => {
  const unit = butane('systemd:\n  units:\n    - name: a.service\n      contents: "[Service]\\n"\n');
  const file = ignition(
    '{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/etc/systemd/system/a.service","contents":{"source":"data:,x"}}]}}',
  );
  expect(notesOf(unit, file)).toEqual([
    '! c.ign:1:62: /etc/systemd/system/a.service: path: path conflicts with systemd unit or dropin, in the config merged of w.bu + c.ign; it comes from c.ign, and the unit from w.bu',
  ]);
});

test('type errors are reported at once, each with its line', () => {
  expect(notesOf(butane('storage:\n  files:\n    - path: /a\n      mode: x\n      append: 1\n'))).toEqual([
    '! w.bu:6:1: mode: must be a whole number, not the text `x`',
    '! w.bu:7:1: append: must be a list, not the number `1`',
  ]);
});

describe('no message contains a value of metadata', () => {
  const rows: [name: string, layer: Layer, expected: string[]][] = [
    [
      'a value of another type',
      butane(
        'storage:\n  files:\n    - path: /a\n      mode: Hunter2\n',
        'storage:\n  files:\n    - path: /a\n      mode: {{mode}}\n',
      ),
      ['! w.bu:6:1: mode: must be a whole number, not the text `(not shown)`'],
    ],
    ['a key', butane('Hunter2: x\n', '{{key}}: x\n'), ['! w.bu:3:1: $.(not shown): unused key (not shown)']],
    [
      'a path that makes the name of an item',
      butane(
        'storage:\n  files:\n    - path: /Hunter2\n      modee: 1\n',
        'storage:\n  files:\n    - path: {{path}}\n      modee: 1\n',
      ),
      ['! w.bu:6:7: $.storage.files.0.modee: unused key modee'],
    ],
    [
      'an anchor',
      butane('storage: *Hunter2\n', 'storage: {{x}}\n'),
      ["! w.bu:3:10: not valid YAML: unknown anchor '(not shown)' referenced"],
    ],
    [
      'a number',
      {
        name: 'c.ign',
        text: '{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/a","mode":12.5}]}}',
        template: '{"ignition":{"version":"3.3.0"},"storage":{"files":[{"path":"/a","mode":{{mode}} }]}}',
      },
      ['! c.ign:1:77: storage.files.mode: must be a whole number, not the number (not shown)'],
    ],
    [
      'a unit that does nothing',
      butane(
        'systemd:\n  units:\n    - name: Hunter2.service\n      enabled: true\n      contents: "[Service]\\n"\n',
        'systemd:\n  units:\n    - name: {{unit}}\n      enabled: true\n      contents: "[Service]\\n"\n',
      ),
      [
        'w.bu:7:17: $.systemd.units.0.contents: unit "(not shown)" is enabled, but has no install section so enable does nothing',
      ],
    ],
  ];
  test.each(rows)('%s', (_, layer, expected) => {
    const notes = notesOf(layer);
    expect(notes).toEqual(expected);
    expect(notes.join()).not.toContain('Hunter2');
  });
});

describe('common mistakes are told apart from Butane and Ignition', () => {
  const rows: [name: string, layer: Layer, expected: RegExp][] = [
    [
      'cloud-config',
      { name: 'w.bu', text: '#cloud-config\nhostname: a\n' },
      /^! w\.bu:1:1: this is a cloud-config,/,
    ],
    [
      'Container Linux Config',
      { name: 'w.bu', text: 'passwd: {}\nlocksmith:\n  reboot_strategy: off\n' },
      /^! w\.bu:2:1: this is a Container Linux Config,/,
    ],
    [
      'Container Linux Config with filesystems',
      { name: 'w.bu', text: 'storage:\n  files:\n    - path: /a\n      filesystem: root\n' },
      /^! w\.bu:4:1: this is a Container Linux Config: begin it with .*, and leave "filesystem" out$/,
    ],
    ['nothing', { name: 'w.bu', text: '# nothing\n\n' }, /^! w\.bu:1:1: this renders to nothing;/],
    [
      'no variant',
      { name: 'w.bu', text: '# x\nstorage: {}\n' },
      /^! w\.bu:2:1: this is not Butane, since it has no variant: begin/,
    ],
    ['a script', { name: 'w.bu', text: '#!/bin/sh\necho\n' }, /^! w\.bu:1:1: this is a script,/],
    [
      'Kubernetes',
      { name: 'w.bu', text: 'apiVersion: v1\nkind: Pod\n' },
      /^! w\.bu:1:1: this is a document of Kubernetes,/,
    ],
    [
      'Ignition as Butane',
      { name: 'w.bu', text: '{\n"ignition":{"version":"3.3.0"}}' },
      /^! w\.bu:2:1: this is Ignition JSON, and not Butane: name the template with the ending \.ign$/,
    ],
    [
      'a profile of Matchbox',
      { name: 'w.bu', text: '{"id":"x",\n"ignition_id":"w.ign"}' },
      /^! w\.bu:2:1: this is a profile of Matchbox,/,
    ],
    [
      'Ignition 2',
      ignition('{\n"ignition":{"version":"2.3.0"},"storage":{}}'),
      /^! c\.ign:2:1: this is Ignition 2\.3\.0, and machines are given 3\.0\.0 or newer: convert it with ign-converter/,
    ],
    ['Ignition 1', ignition('{"ignitionVersion":1}'), /^! c\.ign:1:1: this is Ignition 1,/],
    [
      'Butane as Ignition',
      ignition('variant: flatcar\nversion: 1.1.0\n'),
      /^! c\.ign:1:1: this is Butane, and not Ignition JSON/,
    ],
    [
      'a Butane version that there is not',
      { name: 'w.bu', text: 'variant: flatcar\nversion: 9.9.9\n' },
      /^! w\.bu:2:1: there is no version 9\.9\.9 of variant flatcar: write one of 1\.0\.0, 1\.1\.0/,
    ],
    [
      'a Butane version that is a number',
      { name: 'w.bu', text: 'version: 1.1\nvariant: fcos\n' },
      /^! w\.bu:1:1: there is no version 1\.1 of variant fcos: write one of 1\.0\.0,/,
    ],
    [
      'a variant of another system',
      { name: 'w.bu', text: 'variant: rhcos\nversion: 0.1.0\n' },
      /^! w\.bu:1:1: Railhead does not compile variant rhcos: write "variant: flatcar", and "version: 1\.\d\.0"$/,
    ],
    [
      'a variant without a name',
      { name: 'w.bu', text: '# x\nvariant:\nversion: 1.1.0\n' },
      /^! w\.bu:2:1: variant has no name: write "variant: flatcar"$/,
    ],
    [
      'a variant in upper case',
      { name: 'w.bu', text: 'version: 1.1.0\nVariant: flatcar\n' },
      /^! w\.bu:2:1: the key is written in lower case: write "variant: flatcar"$/,
    ],
    [
      'no version',
      { name: 'w.bu', text: '# x\nvariant: fcos\n' },
      /^! w\.bu:2:1: version is missing: write one of 1\.0\.0, /,
    ],
    [
      'no version, as JSON',
      { name: 'w.bu', text: '{"variant": "flatcar"}' },
      /^! w\.bu:1:2: version is missing: write one of 1\.0\.0, /,
    ],
    [
      'a version without a number',
      { name: 'w.bu', text: 'variant: fcos\nversion: ~\n' },
      /^! w\.bu:2:1: version has no number: write one of/,
    ],
    [
      'an empty document before the config',
      { name: 'w.bu', text: '---\n# x\n---\nvariant: flatcar\nversion: 1.1.0\n' },
      /^! w\.bu:3:1: the first YAML document is empty, and Butane reads only the first: remove this line,/,
    ],
    [
      'cloud-config without its first line',
      { name: 'w.bu', text: 'hostname: a\nwrite_files:\n  - path: /a\n' },
      /^! w\.bu:2:1: this is a cloud-config,/,
    ],
    [
      'Ignition written as YAML',
      { name: 'w.bu', text: 'ignition:\n  version: 3.3.0\n' },
      /^! w\.bu:1:1: this is Ignition written as YAML, and has no variant: write it as Butane; begin it/,
    ],
    [
      'Ignition written as YAML, as Ignition',
      ignition('ignition:\n  version: 3.3.0\n'),
      /^! c\.ign:1:1: this is Ignition written as YAML, and has no variant: write it as Butane; begin it/,
    ],
    [
      'Butane as JSON, as Ignition',
      ignition('{"variant": "flatcar",\n"version": "1.1.0"}'),
      /^! c\.ign:1:1: this is Butane, and not Ignition JSON: name the template with the ending \.bu$/,
    ],
    ['a number', ignition('12'), /^! c\.ign:1:1: this is not Ignition JSON, since it has no version/],
    [
      'a comment in JSON',
      ignition('// x\n{"ignition":{"version":"3.3.0"}}'),
      /^! c\.ign:1:2: not valid JSON: invalid character '\/' looking for beginning of value$/,
    ],
    [
      'advice for a text with variables',
      { name: 'w.bu', text: '#cloud-config\nhostname: a\n', template: '#cloud-config\nhostname: {{name}}\n' },
      /^! w\.bu:1:1: .* begin it with the lines "variant: flatcar" and "version: 1\.1\.0"$/,
    ],
    [
      'a variant from metadata',
      {
        name: 'w.bu',
        text: 'variant: Hunter2\nversion: 1.1.0\n',
        template: 'variant: {{v}}\nversion: 1.1.0\n',
      },
      /^! w\.bu:1:1: Railhead does not compile variant \(not shown\): write "variant: flatcar"/,
    ],
    [
      'an unused key of Ignition that is called version',
      ignition('{"ignition":{"version":"3.3.0"},"version":"1.0.0","storage":{"files":[{"mode":"0644"}]}}'),
      /^! c\.ign:1:85: storage\.files\.mode: must be a whole number, not text$/,
    ],
    [
      'an Ignition that is newer than all',
      ignition('{"ignition":{\n"version":"3.99.0"}}'),
      /^! c\.ign:2:1: ignition\.version must be one of 3\.0\.0, .*3\.6\.0, in quotes$/,
    ],
    [
      'an Ignition version that is a number',
      ignition('{"ignition":{"version":3}}'),
      /^! c\.ign:1:1: ignition\.version must be one of/,
    ],
    [
      'JSON without a version',
      ignition('\n{"storage":{}}'),
      /^! c\.ign:2:1: this is not Ignition JSON, since it has no version: it begins with \{"ignition": /,
    ],
    ['a list', ignition('[]'), /^! c\.ign:1:1: this is not Ignition JSON, since it has no version/],
    ['null', ignition('null'), /^! c\.ign:1:1: this is not Ignition JSON, since it has no version/],
    [
      'a profile of Matchbox as Ignition',
      ignition('{"id":"x",\n"ignition_id":"w.ign"}'),
      /^! c\.ign:2:1: this is a profile of Matchbox,/,
    ],
    [
      'other user data of cloud-init',
      { name: 'w.bu', text: '#cloud-boothook\nx: 1\n' },
      /^! w\.bu:1:1: this is a cloud-config,/,
    ],
    [
      'nothing as Ignition',
      ignition(''),
      /^! c\.ign:1:1: this renders to nothing, and not to Ignition JSON$/,
    ],
  ];
  test.each(rows)('%s', (_, layer, expected) => {
    const notes = notesOf(layer);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(expected);
  });
});

describe('a failure of the first boot is a warning', () => {
  const file = (lines: string): Layer => butane(`storage:\n  files:\n${lines}`);
  const rows: [name: string, layer: Layer, expected: string[]][] = [
    [
      'contents declared gzip that are not',
      file('    - path: /etc/app.conf\n      contents:\n        compression: gzip\n        inline: plain\n'),
      [
        'w.bu:5:13: /etc/app.conf: its contents are declared as gzip but are not compressed, so that Ignition fails at the first boot: remove "compression", or compress them',
      ],
    ],
    [
      'contents that are gzip',
      file(
        '    - path: /etc/app.conf\n      contents: {compression: gzip, source: "data:;base64,H4sIAAAAAAAAA8tIzcnJBwCGphA2BQAAAA=="}\n',
      ),
      [],
    ],
    [
      'contents that Railhead compresses',
      file(`    - path: /a\n      contents: {inline: "${'ab '.repeat(500)}"}\n`),
      [],
    ],
    [
      'a file below a file',
      file(
        '    - path: /foo/bar\n      contents: {inline: a}\n    - path: /foo/bar/baz\n      contents: {inline: b}\n',
      ),
      ['w.bu:7:13: /foo/bar/baz: it is below /foo/bar, which is a file: Ignition fails at the first boot'],
    ],
    [
      'a file below a file that Flatcar ships',
      file('    - path: /etc/motd/10-site\n      contents: {inline: a}\n'),
      [
        'w.bu:5:13: /etc/motd/10-site: it is below /etc/motd, which is a file that Flatcar ships: Ignition fails at the first boot',
      ],
    ],
    [
      'a directory where Flatcar ships a file',
      butane('storage:\n  directories:\n    - path: /etc/hosts\n    - path: /etc/hosts.d\n'),
      [
        'w.bu:5:13: /etc/hosts: Flatcar ships a file of this name, so that Ignition fails at the first boot: use another name',
      ],
    ],
    [
      'a file where Flatcar has a directory',
      file('    - path: /home/core\n    - path: /home/core/.profile\n'),
      [
        'w.bu:6:13: /home/core/.profile: it is below /home/core, which is a file: Ignition fails at the first boot',
        'w.bu:5:13: /home/core: Flatcar has a directory there, so that Ignition fails at the first boot',
      ],
    ],
    [
      'a file that the booted system does not see',
      file('    - path: /proc/sys/net/ipv4/ip_forward\n      contents: {inline: "1"}\n    - path: /runner\n'),
      [
        'w.bu:5:13: /proc/sys/net/ipv4/ip_forward: the system mounts /proc anew when it boots, and does not see what Ignition writes there: set it by a unit, or below /etc',
      ],
    ],
    [
      'a key file of LUKS that is declared gzip and is not',
      butane(
        'storage:\n  luks:\n    - name: data\n      device: /dev/sdb\n      key_file: {compression: gzip, inline: key}\n',
      ),
      [
        'w.bu:5:13: data: its contents are declared as gzip but are not compressed, so that Ignition fails at the first boot: remove "compression", or compress them',
      ],
    ],
    [
      'a path on /usr',
      file(
        '    - path: /usr/local/bin/x\n      contents: {inline: a}\n    - path: /bin/y\n    - path: /usr/share/oem/z\n',
      ),
      [
        'w.bu:5:13: /usr/local/bin/x: /usr is read-only on Flatcar, so that Ignition fails at the first boot: put it below /opt, /etc or /var',
        'w.bu:7:13: /bin/y: /usr is read-only on Flatcar, so that Ignition fails at the first boot: put it below /opt, /etc or /var',
      ],
    ],
    [
      'a file that Flatcar ships',
      file(
        '    - path: /etc/flatcar/update.conf\n      contents: {inline: b}\n    - path: /etc/hosts\n      mode: 0644\n',
      ),
      [
        'w.bu:5:13: /etc/flatcar/update.conf: Flatcar ships this file, and Ignition fails at the first boot where it exists: add "overwrite: true"',
      ],
    ],
    [
      'a file that Flatcar ships, replaced',
      file('    - path: /etc/flatcar/update.conf\n      overwrite: true\n      contents: {inline: b}\n'),
      [],
    ],
  ];
  test.each(rows)('%s', (_, layer, expected) => {
    expect(notesOf(layer)).toEqual(expected);
  });
});

test('YAML documents behind the first one, which Butane does not read, are a warning', () => {
  const second = /^w\.bu:4:1: another YAML document begins here, and Butane reads only the first one:/;
  expect(notesOf(butane('storage: {}\n---\nvariant: flatcar\n'))).toEqual([expect.stringMatching(second)]);
  expect(notesOf(butane('storage: {}\n---\n# the end\n'))).toEqual([]);
  expect(notesOf({ name: 'w.bu', text: '# x\n---\nvariant: flatcar\nversion: 1.1.0\n...\n' })).toEqual([]);
});

test("Butane's warnings have their place in the template", () => {
  const layer = butane('storage:\n  files:\n    - path: /a\n      mode: 644\n      contents: {inline: x}\n');
  expect(notesOf(layer)).toEqual([
    'w.bu:6:13: /a: mode: unreasonable mode would be reasonable if specified in octal; remember to add a leading zero',
    'w.bu:6:13: /a: mode: setuid/setgid/sticky bits are not supported or functional in spec versions older than 3.6.0',
  ]);
});

test('keys that begin with x- may hold anchors', () => {
  expect(
    notesOf(
      butane(
        'x-user: &user\n  user: {name: core}\nstorage:\n  x-more: 1\n  directories:\n    - path: /home/core/.config\n      <<: *user\n',
      ),
    ),
  ).toEqual([]);
});
