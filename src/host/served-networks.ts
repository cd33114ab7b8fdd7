import { LRUCache } from 'lru-cache';
import { BlockList, isIP } from 'node:net';
import { listLocalNetworks } from './network-interfaces.ts';

/** Private networks, which are not reachable from the internet (RFC 1918, 3927, 4193, 6598). */
const PRIVATE = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '169.254.0.0/16',
  '100.64.0.0/10',
  '127.0.0.0/8',
  'fe80::/10',
  'fc00::/7',
  '::1/128',
];
/**
 * Number of addresses of declared networks that are remembered: BlockList.check takes a twentieth of the time of a
 * request.
 */
const REMEMBERED_MAX = 10_000;
/** Maximum age of the list of our own addresses: packets from elsewhere must not cause a new one each. */
const LOOK_MS = 1_000;

/**
 * The machines that TFTP and the boot plane's HTTP answer: those of private networks, of the networks in the settings,
 * and of the networks of this host. All others can reach the ports, but get no answer.
 */
export class ServedNetworks {
  readonly #declared: BlockList;
  /** Addresses found in declared networks, which do not change. */
  readonly #remembered = new LRUCache<string, true>({ max: REMEMBERED_MAX });
  readonly #nowMs: () => number;
  readonly #listLocal: () => readonly string[];
  #local = new BlockList();
  #lookedMs = Number.NEGATIVE_INFINITY;

  /**
   * `declared` are `address/prefix`, IPv4 or IPv6; `nowMs` is monotonic; `listLocal` lists the networks of this host.
   * Throws if a declared network is invalid.
   */
  constructor(declared: readonly string[], nowMs: () => number, listLocal = listLocalNetworks) {
    this.#declared = blockListOf([...PRIVATE, ...declared]);
    this.#nowMs = nowMs;
    this.#listLocal = listLocal;
  }

  /** Whether a client with this address is served. A text that is not an address is not served. */
  serves(text: string): boolean {
    if (this.#remembered.get(text) === true) return true;
    // A link-local address includes its interface, as in fe80::1%eth0.
    const address = text.replace(/%.*$/, '');
    const version = isIP(address);
    if (version === 0) return false;
    const family = version === 6 ? 'ipv6' : 'ipv4';
    if (this.#declared.check(address, family)) {
      this.#remembered.set(text, true);
      return true;
    }
    this.#look();
    return this.#local.check(address, family);
  }

  #look(): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#lookedMs < LOOK_MS) return;
    this.#lookedMs = nowMs;
    try {
      this.#local = blockListOf(this.#listLocal());
    } catch {
      // If the process has no free descriptor, the kernel lists nothing, and the previous list stays in use.
    }
  }
}

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', prefix] = network.split('/');
    list.addSubnet(address, Number(prefix), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
