import { expect, test } from 'vitest';
import { wantedParts } from '../../src/app/wanted-parts.ts';
import { settingsSchema } from '../../src/config/schema.ts';

test.each([
  ['nothing', {}, [], ['HTTP', 'the API']],
  ['no API', { operator: { listen: null } }, [], ['HTTP']],
  ['TFTP', { tftp: { enabled: true } }, [], ['HTTP', 'TFTP', 'the API']],
  ['DHCP', { dhcp: { interfaces: ['eth1'] } }, [], ['HTTP', 'DHCP', 'the API']],
  ['DHCP of a socket unit', {}, [{ fd: 3, name: 'eth1' }], ['HTTP', 'DHCP', 'the API']],
])('with %s in the settings', (_what, settings, passedSockets, wanted) => {
  expect([...wantedParts(settingsSchema.parse(settings), passedSockets)]).toEqual(wanted);
});
