import { parseGrubConfigName } from '../../provision/boot/grub-config-name.ts';
import type { MachineLookup } from '../../provision/machines/machine-index.ts';
import { grubRoot, leadingGrubConfig } from '../../provision/rendering/leading-grub-config.ts';
import { claimsOfLabels, labelsFromQuery } from '../../provision/selection/labels.ts';
import type { MacAddress } from '../../protocol/mac-address.ts';
import { type Answer, text } from './answer.ts';
import type { BootRequest } from './boot-request.ts';
import type { ScriptLife } from './script-life.ts';

/** What GRUB's configuration files depend on. */
export interface GrubConfigParts {
  readonly scripts: Pick<ScriptLife, 'answerNow'>;
  /** Identifies the sender of a request. */
  readonly machines: Pick<MachineLookup, 'identify'>;
  /** The network card behind an address, from leases or the kernel's neighbour table. */
  readonly findMac: (address: string) => MacAddress | undefined;
}

/**
 * The files in which a GRUB that was loaded over the network looks for its configuration: over TFTP under names that
 * identify the machine, over HTTP as `grub.cfg` alone. A name that identifies a declared machine is answered with that
 * machine's own configuration; every other one with a script that sends `/grub` all that GRUB knows, since groups may
 * select by more than the MAC address.
 */
export class GrubConfigFiles {
  readonly #parts: GrubConfigParts;

  constructor(parts: GrubConfigParts) {
    this.#parts = parts;
  }

  /** The file at the request's path; undefined if GRUB does not look for its configuration there. */
  find(request: BootRequest): Answer | undefined {
    const name = parseGrubConfigName(request.path);
    if (name === undefined) return undefined;
    const mac =
      name.kind === 'mac'
        ? name.mac
        : name.kind === 'address'
          ? this.#parts.findMac(name.address)
          : undefined;
    const rawQuery = name.kind === 'uuid' ? `uuid=${name.uuid}` : mac && `mac=${mac.replaceAll(':', '-')}`;
    return (rawQuery && this.#ofMachine({ ...request, rawQuery })) || this.#leading(request);
  }

  /** The text of the file at a path, for a client of TFTP; `origin` is where it reaches HTTP. */
  textOf(path: string, remoteAddress: string, origin: string): string | undefined {
    return this.find({
      method: 'GET',
      path,
      rawQuery: '',
      labels: new Map(),
      claims: {},
      remoteAddress,
      origin,
      accept: undefined,
    })?.body;
  }

  /**
   * The answer of `/grub` to a machine with a record, if that makes it boot or wait, and nothing has to be stored
   * before: then it asks for `/grub` itself.
   */
  #ofMachine(request: BootRequest): Answer | undefined {
    const labels = labelsFromQuery(new URLSearchParams(request.rawQuery));
    const claims = claimsOfLabels(labels);
    if (this.#parts.machines.identify(claims).machine === undefined) return undefined;
    const answer = this.#parts.scripts.answerNow({ ...request, labels, claims }, 'grub');
    return answer?.status === 200
      ? { ...answer, body: `${grubRoot(request.origin)}\n${answer.body}` }
      : undefined;
  }

  #leading({ origin }: BootRequest): Answer {
    return text(leadingGrubConfig(origin), { kind: 'http.boot_script', summary: 'GRUB script', detail: {} });
  }
}
