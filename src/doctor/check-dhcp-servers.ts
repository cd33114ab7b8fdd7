import { randomBytes } from 'node:crypto';
import { decodeMessage } from '../protocol/dhcp/decode.ts';
import { encodeMessage } from '../protocol/dhcp/encode.ts';
import { BROADCAST_ADDRESS } from '../protocol/ipv4-address.ts';
import { macFromBytes } from '../protocol/mac-address.ts';
import {
  foreignServerProbe,
  type ProbeAnswer,
  readProbeAnswer,
} from '../provision/dhcp/other-servers/foreign-server-probe.ts';
import type { NetworkInterface } from '../host/network-interfaces.ts';
import { openUdpSocket } from '../server/udp/open-udp-socket.ts';
import { loadSocketCalls } from '../server/udp/socket-calls.ts';
import type { Finding } from './finding.ts';

/**
 * Number of attempts, and the time between them: a server may check for a conflict before it offers, as dnsmasq does
 * for 3 s.
 */
const TRIES = 3;
const BETWEEN_TRIES_MS = 1_500;
const ANSWERS_MAX = 50;

/**
 * Finds the other DHCP servers on the network of an interface, and what they tell PXE clients. Railhead itself does not
 * answer: it recognises its own host's address as the relay's. Rejects with UdpBindError if the port cannot be shared.
 */
export async function probeDhcpServers(one: NetworkInterface): Promise<ProbeAnswer[]> {
  const { socket } = await openUdpSocket({
    address: one.addresses[0],
    port: 67,
    device: one.name,
    calls: await loadSocketCalls(),
    reuseAddress: true,
    receiveBufferBytes: 1 << 20,
  });
  const random = randomBytes(10);
  const xid = random.readUInt32BE(0);
  // A locally administered unicast address (IEEE 802-2014 section 8.2.2).
  const mac = macFromBytes(Uint8Array.of(0x02, ...random.subarray(5, 10)));
  const { bytes } = encodeMessage(foreignServerProbe(one.addresses[0], mac, xid));
  const answers = new Map<string, ProbeAnswer>();
  socket.on('error', () => undefined);
  socket.on('message', (datagram) => {
    const answer = readAnswer(datagram, xid);
    if (answer === undefined || answers.size >= ANSWERS_MAX) return;
    // A server and a proxy on one host are different, so the address alone does not distinguish them.
    answers.set(`${answer.serverAddress} ${answer.offeredAddress === undefined}`, answer);
  });
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      socket.send(bytes, 67, BROADCAST_ADDRESS, () => undefined);
      await new Promise((next) => setTimeout(next, BETWEEN_TRIES_MS));
    }
  } finally {
    socket.close();
  }
  return [...answers.values()];
}

function readAnswer(datagram: Uint8Array, xid: number): ProbeAnswer | undefined {
  try {
    return readProbeAnswer(decodeMessage(datagram), xid);
  } catch {
    // Our own probe is received as well, and any packet may arrive at an open port.
    return undefined;
  }
}

/** How the settings serve the networks of an interface; undefined if they do not. */
export type ServedMode = 'full' | 'proxy' | 'auto' | 'off' | undefined;

/** What the answers on an interface mean for booting from Railhead, which serves its networks in this mode. */
export function judgeDhcpServers(
  name: string,
  answers: readonly ProbeAnswer[],
  mode?: ServedMode,
): Finding[] {
  const check = 'foreign-dhcp';
  const leasing = answers.filter((answer) => answer.offeredAddress !== undefined);
  if (leasing.length === 0) {
    const text = `no other DHCP server answers on ${name}`;
    return [judgeNobodyElse(text, mode), ...answers.map((answer) => judgeProxy(name, answer))];
  }
  const found: Finding[] = answers
    .filter((answer) => answer.offeredAddress === undefined)
    .map((answer) => judgeProxy(name, answer));
  for (const answer of leasing) {
    const who = `the DHCP server ${answer.serverAddress} on ${name}`;
    const text = `${who} leases addresses`;
    if (mode === 'proxy') found.push({ check, verdict: 'ok', text: `${text}, as mode: proxy expects` });
    else if (mode === 'full') {
      const remedy = 'switch it off, or use mode: proxy: two servers give out addresses here';
      found.push({ check, verdict: 'problem', text, remedy });
    } else {
      const remedy = 'use mode: proxy beside it, or switch it off before you use mode: full';
      found.push({ check, verdict: 'warning', text, remedy });
    }
    if (answer.vendorClass !== undefined && !answer.hasVendorSpecific) {
      found.push({
        check,
        verdict: 'problem',
        text: `${who} sends option 60 (${answer.vendorClass}) and no option 43: PXE clients will ask its own port 4011, and stop there (PXE-E55)`,
        remedy: 'remove option 60 from its settings',
      });
    }
    if (answer.bootFile !== undefined) {
      found.push({
        check,
        verdict: 'warning',
        text: `${who} tells PXE clients to boot ${answer.bootFile}${answer.nextServer === undefined ? '' : ` from ${answer.nextServer}`}`,
        remedy: 'remove its boot options (66, 67, next-server), which compete with Railhead',
      });
    }
  }
  if (leasing.length > 1) {
    found.push({
      check,
      verdict: 'problem',
      text: `${leasing.length} DHCP servers lease addresses on ${name}`,
      remedy: 'leave one of them, unless they share their leases',
    });
  }
  return found;
}

function judgeNobodyElse(text: string, mode: ServedMode): Finding {
  const check = 'foreign-dhcp';
  if (mode === 'full' || mode === 'auto') return { check, verdict: 'ok', text };
  if (mode === 'proxy') {
    const remedy = 'use mode: full, or check that the server that leases addresses runs and can be reached';
    return { check, verdict: 'problem', text: `${text}, and mode: proxy leases no addresses`, remedy };
  }
  return {
    check,
    verdict: 'ok',
    text,
    remedy: 'some server has to lease addresses there: use mode: full, not proxy',
  };
}

function judgeProxy(name: string, answer: ProbeAnswer): Finding {
  return {
    check: 'foreign-dhcp',
    verdict: 'warning',
    text: `${answer.serverAddress} on ${name} answers PXE clients without leasing, as another proxyDHCP server does${answer.bootFile === undefined ? '' : `: ${answer.bootFile}`}`,
    remedy: 'switch one of the two off: clients take whichever answers first',
  };
}
