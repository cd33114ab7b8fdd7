import { describe, expect, test } from 'vitest';
import {
  genericUrl,
  ignitionUrl,
  installedIgnitionUrl,
  type KnownTokens,
  metadataUrl,
  reportUrl,
} from '../../../src/provision/rendering/machine-urls.ts';

const LABELS = new Map([
  ['mac', '52:54:00:00:00:01'],
  ['rack', "o'brien"],
  ['os', 'pxe'],
  ['product', 'not selected by'],
  ['machine', 'node1'],
]);

function urls(tokens: KnownTokens) {
  const selectorLabels = new Set(['rack', 'os', 'machine']);
  const parts = { origin: 'http://h:1', labels: LABELS, selectorLabels, tokens };
  return {
    ignition: ignitionUrl(parts),
    installed: installedIgnitionUrl(parts),
    metadata: metadataUrl(parts),
    generic: genericUrl(parts),
    report: reportUrl(parts),
  };
}

describe("a machine's URLs", () => {
  const selected = 'mac=52-54-00-00-00-01&rack=o%27brien';
  test('without a session have no token', () => {
    expect(urls({})).toEqual({
      ignition: `http://h:1/ignition?${selected}&os=pxe`,
      installed: `http://h:1/ignition?${selected}&os=installed`,
      metadata: `http://h:1/metadata?${selected}&os=pxe`,
      generic: `http://h:1/generic?${selected}&os=pxe`,
      report: 'http://h:1/report?mac=52-54-00-00-00-01',
    });
  });

  test('in the installer each have the token of their use', () => {
    expect(urls({ boot: 'B', installed: 'I', report: 'R' })).toEqual({
      ignition: `http://h:1/ignition?${selected}&os=pxe&token=B`,
      installed: `http://h:1/ignition?${selected}&os=installed&token=I`,
      metadata: `http://h:1/metadata?${selected}&os=pxe&token=B`,
      generic: `http://h:1/generic?${selected}&os=pxe&token=B`,
      report: 'http://h:1/report?mac=52-54-00-00-00-01&token=R',
    });
  });

  test('can be followed by parameters even if the machine sends nothing that selects it', () => {
    const parts = { origin: 'http://h:1', labels: new Map(), selectorLabels: new Set(['rack']), tokens: {} };
    expect([ignitionUrl(parts), `${genericUrl(parts)}&name=a`, `${reportUrl(parts)}&status=up`]).toEqual([
      'http://h:1/ignition',
      'http://h:1/generic?&name=a',
      'http://h:1/report?&status=up',
    ]);
  });

  test("in the installed system's config have its own token, and none of the installer's", () => {
    const { generic, ignition, metadata } = urls({ installed: 'I', report: 'R' });
    expect(ignition).not.toContain('token');
    expect([generic, metadata]).toEqual([
      `http://h:1/generic?${selected}&os=pxe&token=I`,
      `http://h:1/metadata?${selected}&os=pxe&token=I`,
    ]);
  });
});
