import { type BootEvent, type BootEventKind, isWithoutEffect } from './boot-event.ts';
import type { JsonValue } from '../json-value.ts';

/**
 * Where a boot stands. moving: the next step is not overdue yet. stuck: the next step is overdue. refused: Railhead
 * refused a request. failed: the machine reported that it failed.
 */
export const BOOT_VERDICTS = ['done', 'moving', 'stuck', 'refused', 'failed'] as const;

/** A summary of the events of one boot. */
export interface BootDiagnosis {
  readonly verdict: (typeof BOOT_VERDICTS)[number];
  /** What happened last, and what should have come next. */
  readonly text: string;
  /** What to do about it. */
  readonly advice?: string;
  /** While the boot is moving: when the next step is overdue. */
  readonly dueAt?: Date;
}

/** How long the next step may take, and what it means if it does not come. */
interface Expectation {
  /** What the machine should do next, in the words "no ... within". */
  readonly next: string;
  readonly withinSeconds: number;
  readonly advice: string;
}

const FULL_MODE = 'let Railhead lease the addresses here (mode: full)';

/**
 * Says in words where a boot stands. `events` are of one machine and one session, oldest first; `now` decides whether
 * the next step is overdue. The limits are longer than firmware takes: edk2 repeats a DHCPDISCOVER after 4, 8, 16 and
 * 32 seconds, asks port 4011 for 10 seconds in all, and TFTP for 24.
 */
export function diagnoseBoot(events: readonly BootEvent[], now: Date): BootDiagnosis {
  const last = events.findLast((event) => !ASIDES.has(event.kind) && !isWithoutEffect(event));
  if (last === undefined) {
    return {
      verdict: 'stuck',
      text: 'no packet or request of this machine was received',
      advice:
        'check that it is set to network boot, that its port is in the right VLAN and past spanning tree (portfast), and that a relay on another subnet has our address as its helper',
    };
  }
  const loop = events.findLast((event) => event.kind === 'boot.loop_suspected');
  if (loop !== undefined && loop.at >= last.at) {
    return {
      verdict: 'stuck',
      text: loop.summary,
      advice:
        'an iPXE that is not recognised loads itself again: check which options 77 and 175 it sends, and use the boot programs that came with Railhead',
    };
  }
  const refusal = refusalOf(last);
  if (refusal !== undefined) return { verdict: 'refused', text: last.summary, advice: refusal };
  if (last.kind === 'machine.report' && last.detail['status'] === 'failed') {
    return {
      verdict: 'failed',
      text: last.summary,
      advice: 'read the report and the lines of the log in it',
    };
  }
  const expectation = expectationAfter(last, events);
  if (expectation === undefined) return { verdict: 'done', text: last.summary };
  const silentSeconds = Math.floor((now.getTime() - last.at.getTime()) / 1000);
  const { advice, next, withinSeconds } = expectation;
  if (silentSeconds < withinSeconds) {
    return {
      verdict: 'moving',
      text: last.summary,
      dueAt: new Date(last.at.getTime() + withinSeconds * 1000),
    };
  }
  return { verdict: 'stuck', text: `${last.summary}; no ${next} within ${withinSeconds} s`, advice };
}

/** Events that are not steps of the boot. */
const ASIDES: ReadonlySet<BootEventKind> = new Set<BootEventKind>([
  'boot.loop_suspected',
  'boot.stuck',
  'boot.out_of_order',
  'boot.other_address',
  'access.refused',
  'dhcp.foreign_server',
  'machine.discovered',
]);

/** What to do about an event that is a refusal; undefined if it is not one. */
function refusalOf({ detail, kind }: BootEvent): string | undefined {
  switch (kind) {
    case 'dhcp.ignored':
      return IGNORED_ADVICE[textOf(detail['reason'])] ?? NOTHING_TO_BOOT;
    case 'dhcp.ack':
    case 'dhcp.offer':
      return detail['noBoot'] === undefined ? undefined : NOTHING_TO_BOOT;
    case 'dhcp.decline':
      return 'the address is in use by another host: find it by its MAC (ip neigh), or take the address out of the pool';
    case 'boot.url_sent_to_pxe_rom':
      return 'a PXE ROM does not support URLs: give it a boot program by TFTP, or use UEFI HTTP Boot';
    case 'tftp.failed':
      return 'if the file is missing, add it to the boot programs; if the transfer timed out, look for a firewall on UDP ports above 1024, and for an MTU smaller than the block size';
    case 'http.asset_missing':
      return 'put the file under assets/, or correct its name in the profile: `railhead check` lists files that profiles name and that are missing';
    case 'ignition.refused':
      return 'if the machine is meant to be installed, arm or approve it';
    case 'ipxe.waiting':
      return 'no group selects this machine: `railhead explain --mac` shows why each group does not match';
    case 'boot.local':
      return 'the machine was told to boot from its disk: its record says `disabled`, or no group selects it and `unmatched` is `local`';
    default:
      return undefined;
  }
}

const NOTHING_TO_BOOT =
  'see which group selects the machine (`railhead explain --mac`), and whether there is a boot program for its architecture';

const IGNORED_ADVICE: Readonly<Record<string, string>> = {
  decline_flood:
    'too many addresses were declined, so further DHCPDECLINEs are ignored: find the host that answers ARP for addresses that are not its own (a router with proxy ARP does), or the client that declines every address',
  denied: 'the subnet answers known machines only: declare the machine, or set allow_unknown: discover',
  foreign_server: 'another DHCP server is on this network: switch it off, or use mode: proxy',
  pool_exhausted: 'no address is left: enlarge the pool, or shorten the lease time',
  pool_pressure:
    'unknown clients request most of the pool without completing a lease: find the host that floods the network',
};

/** The step that should follow an event; undefined if none has to. */
function expectationAfter(last: BootEvent, events: readonly BootEvent[]): Expectation | undefined {
  const { detail, kind } = last;
  switch (kind) {
    case 'dhcp.offer':
      return afterOffer(events);
    case 'dhcp.nak':
      return {
        next: 'new DHCPDISCOVER',
        withinSeconds: 30,
        advice: 'the client keeps asking for an address of another network: restart it',
      };
    case 'proxydhcp.offer':
      return afterProxyOffer(last);
    case 'dhcp.ack':
    case 'proxydhcp.ack':
      return detail['client'] === undefined ? undefined : afterBootAnswer(last);
    case 'http.boot_program':
    case 'tftp.sent':
      return {
        next: 'DHCP by the loaded program',
        withinSeconds: 60,
        advice:
          'the program was loaded and sent no request: with Secure Boot an unsigned one is refused (use the signed shim, or switch it off); otherwise its network driver fails here (try snponly.efi instead of ipxe.efi, or undionly.kpxe)',
      };
    case 'http.boot_script':
    case 'ipxe.sent':
    case 'grub.sent':
      return {
        next: 'download of a kernel',
        withinSeconds: 60,
        advice:
          'look at the screen of the machine: the kernel URL of the profile may not be reachable from its network, or iPXE lacks a feature that the script needs',
      };
    case 'http.asset':
      return {
        next: 'request for an Ignition config',
        withinSeconds: 300,
        advice:
          'the kernel runs without a network or without ignition.config.url: see the kernel arguments of the profile, and the serial console',
      };
    case 'machine.report':
      if (detail['status'] !== 'progress') return undefined;
      return {
        next: 'report that the installation is done',
        withinSeconds: 1800,
        advice:
          'the installer hangs, or its reports do not reach us: see the last report, and the serial console',
      };
    default:
      return undefined;
  }
}

function afterOffer(events: readonly BootEvent[]): Expectation {
  const foreign = events.findLast((event) => event.kind === 'dhcp.foreign_server');
  const offers = events.filter((event) => event.kind === 'dhcp.offer').length;
  return {
    next: offers > 1 ? `DHCPREQUEST after ${offers} offers` : 'DHCPREQUEST',
    withinSeconds: 10,
    advice:
      foreign !== undefined
        ? `the client may have taken the offer of ${textOf(foreign.detail['server'])}: two servers lease here; switch one off, or use mode: proxy`
        : 'the offer does not reach the client, or the client does not accept it: look for a firewall on UDP 67 and 68, a relay that does not pass replies on, a switch port that DHCP snooping does not trust, and for another DHCP server',
  };
}

function afterProxyOffer({ detail }: BootEvent): Expectation {
  if (detail['stage'] !== 'firmware') {
    return {
      next: 'request for what it was told to boot',
      withinSeconds: 15,
      advice: `the client has no address (a DHCP server must lease one beside a proxy), or cannot reach our HTTP port; or ${FULL_MODE}`,
    };
  }
  if (detail['option43'] === true) {
    return {
      next: 'TFTP request',
      withinSeconds: 15,
      advice: `the DHCP server may lease no address, or send boot options of its own, which win; UDP 69 may be blocked; or ${FULL_MODE}`,
    };
  }
  return {
    next: 'request on port 4011',
    withinSeconds: 10,
    advice: `a firewall on UDP 4011, or old firmware: set uefi_proxy_style: discovery8, or ${FULL_MODE}`,
  };
}

function afterBootAnswer({ detail }: BootEvent): Expectation | undefined {
  if (detail['bootfile'] === undefined || detail['bootfile'] === '') return undefined;
  const bootfile = textOf(detail['bootfile']);
  if (/^https?:/.test(bootfile)) {
    return {
      next: `request for ${bootfile}`,
      withinSeconds: 20,
      advice:
        'a firewall blocks our HTTP port, or the URL names the wrong host: check the external address in the settings',
    };
  }
  return {
    next: `TFTP request for ${bootfile}`,
    withinSeconds: 30,
    advice:
      'a firewall on UDP 69, or firmware that prefers what another server sent: look for a second DHCP or proxyDHCP server (`railhead doctor`)',
  };
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
