import { expect, test } from 'vitest';
import { decodeRequest } from '../../../../src/protocol/dhcp/decode.ts';
import { encodeMessage } from '../../../../src/protocol/dhcp/encode.ts';
import {
  foreignServerProbe,
  readProbeAnswer,
} from '../../../../src/provision/dhcp/other-servers/foreign-server-probe.ts';
import { DhcpRig, ip, mac, onWire, rackSubnet, replyOf, SERVER } from '../dhcp-rig.ts';

const XID = 0xcafe0001;
const probe = foreignServerProbe(ip('10.20.0.9'), mac('02:00:00:00:00:09'), XID);

test('the probe is a request that servers treat as relayed', () => {
  const message = decodeRequest(encodeMessage(probe).bytes);
  expect(message).toMatchObject({ giaddr: '10.20.0.9', xid: XID, flags: 0 });
});

test('an answer shows a server that leases', () => {
  const rig = new DhcpRig();
  const offer = onWire(rig.sendBytes(encodeMessage(probe).bytes));
  expect(readProbeAnswer(offer, XID)).toEqual({
    serverAddress: SERVER,
    offeredAddress: '10.20.0.50',
    vendorClass: 'PXEClient',
    hasVendorSpecific: true,
    bootFile: 'snponly.efi',
    nextServer: SERVER,
  });
  expect(replyOf(rig.sendBytes(encodeMessage(probe).bytes)).destination.address).toBe('10.20.0.9');
});

test('an answer shows a proxy, which leases nothing', () => {
  const rig = new DhcpRig({ subnets: [rackSubnet({ mode: 'proxy', pools: [] })] });
  const answer = readProbeAnswer(onWire(rig.sendBytes(encodeMessage(probe).bytes)), XID);
  expect(answer).toMatchObject({ serverAddress: SERVER, hasVendorSpecific: false });
  expect(answer).not.toHaveProperty('offeredAddress');
});

test('other messages are not answers to the probe', () => {
  const offer = onWire(new DhcpRig().sendBytes(encodeMessage(probe).bytes));
  expect(readProbeAnswer(offer, XID + 1)).toBeUndefined();
  expect(readProbeAnswer(probe, XID)).toBeUndefined();
  expect(
    readProbeAnswer({ ...offer, options: new Map([...offer.options, [53, Uint8Array.of(5)]]) }, XID),
  ).toBeUndefined();
  expect(readProbeAnswer({ ...offer, options: new Map([[53, Uint8Array.of(2)]]) }, XID)).toBeUndefined();
});
