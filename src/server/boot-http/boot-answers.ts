import type { BootDecider, MachineDecision, RenderableMatch } from '../../catalog/boot-decider.ts';
import type { Generation, MatchedResolution } from '../../catalog/generation.ts';
import { parseAcceptHeader } from '../../ignition/accept-header.ts';
import { acceptsSpec } from '../../ignition/spec-version.ts';
import { type BootDecision, describeSubject, type NoBootCause } from '../../provision/boot/decide-boot.ts';
import type { BootEventKind } from '../../provision/history/boot-event.ts';
import type { JsonObject } from '../../provision/json-value.ts';
import { macFault } from '../../provision/machines/mac-fault.ts';
import type { ArmPurpose } from '../../provision/machines/lifecycle/life.ts';
import { endOfWaiting } from '../../provision/boot/end-waiting.ts';
import type { LocalBootMethod, MachineModel } from '../../provision/boot/local-boot.ts';
import type { MachineLookup } from '../../provision/machines/machine-index.ts';
import { failGrubConfig, localGrubConfig, waitingGrubConfig } from '../../provision/rendering/grub-config.ts';
import {
  bootIpxeScript,
  failIpxeScript,
  localIpxeScript,
  waitingIpxeScript,
} from '../../provision/rendering/ipxe-script.ts';
import { TemplateError } from '../../provision/rendering/template-error.ts';
import type { KnownTokens } from '../../provision/rendering/machine-urls.ts';
import type { RenderContext } from '../../provision/rendering/template-variables.ts';
import { type Labels, withDhcpLabels } from '../../provision/selection/labels.ts';
import { type Answer, notYet, refuse, text } from './answer.ts';
import type { BootRequest } from './boot-request.ts';

/** What the answers of the boot plane depend on. */
export interface BootAnswerParts {
  /** Identifies the sender of a request. */
  readonly machines: Pick<MachineLookup, 'identify'>;
  readonly decider: BootDecider;
  readonly pollSeconds: number;
  /** What DHCP knows of the machine that sends a request. */
  readonly findDhcpLabels: (request: BootRequest) => Labels | undefined;
  /** The lease that we gave to the machine at this address, in the form that templates use. */
  readonly findLease: (address: string) => JsonObject | undefined;
  /** How machines boot from their disks. */
  readonly localBoot: LocalBootLearning;
  /** Records the sender of a request, and the decision. */
  readonly noteRequest: (request: BootRequest, decided: MachineDecision) => void;
}

/** Says by which method a machine boots from its disk, and learns from what it does then. */
export interface LocalBootLearning {
  /** The machine that asks by this boot loader is sent to its disk: returns the method. */
  readonly send: (decided: MachineDecision, loader: MachineModel['loader']) => LocalBootMethod;
  /** The machine gets a script that does something else. */
  readonly bootsElse: (decided: MachineDecision) => void;
}

/** The causes that a group for the machine ends. */
const WITHOUT_GROUP: ReadonlySet<NoBootCause> = new Set<NoBootCause>(['unmatched', 'unidentified']);

/** A decision not to boot. */
type NoBoot = Exclude<BootDecision<RenderableMatch>, { readonly kind: 'boot' }>;

/** Produces every answer that is rendered for one machine. Pure except for the effects of its dependencies. */
export class BootAnswers {
  readonly #parts: BootAnswerParts;

  constructor(parts: BootAnswerParts) {
    this.#parts = parts;
  }

  /** `/boot.ipxe`: the script that collects what iPXE knows and requests `/ipxe` with it. */
  bootScript(request: BootRequest): Answer {
    return text(bootIpxeScript(request.origin), {
      kind: 'http.boot_script',
      summary: 'boot script',
      detail: {},
    });
  }

  /** Decides for the sender of a request, and records it. */
  decide(request: BootRequest): MachineDecision {
    const { decider, findDhcpLabels, machines, noteRequest } = this.#parts;
    const identification = machines.identify(request.claims);
    const decided = decider.decide(withDhcpLabels(request.labels, findDhcpLabels(request)), identification);
    noteRequest(request, decided);
    return decided;
  }

  /** What the catalog has for the sender of a request in a boot for a purpose, whether or not it may boot it. */
  resolveFor(
    { identification, resolution }: MachineDecision,
    purpose: ArmPurpose | undefined,
  ): ReturnType<BootDecider['resolveFor']> {
    return this.#parts.decider.resolveFor(resolution.claimed, identification, purpose);
  }

  /** `/ipxe`: what to load. */
  ipxe(request: BootRequest, decided = this.decide(request), tokens?: KnownTokens): Answer {
    return this.#answer(request, decided, tokens, 'ipxe.sent', 'iPXE script', {
      withoutProfile: (noBoot, subject) => this.#ipxeWithoutProfile(request, decided, noBoot, subject),
      render: (generation, resolution, context) => generation.ipxeScript(resolution, context),
    });
  }

  /** `/grub`: the same for GRUB. */
  grub(request: BootRequest, decided = this.decide(request), tokens?: KnownTokens): Answer {
    return this.#answer(request, decided, tokens, 'grub.sent', 'GRUB config', {
      withoutProfile: (noBoot, subject) => this.#grubWithoutProfile(decided, noBoot, subject),
      render: (generation, resolution, context) => generation.grubConfig(resolution, context),
    });
  }

  /** `/generic`: a template of the operator, chosen by the query parameter `name` if the profile has several. */
  generic(request: BootRequest, decided = this.decide(request), tokens?: KnownTokens): Answer {
    const name = genericName(request);
    return this.#answer(request, decided, tokens, 'generic.sent', 'generic template', {
      render: (generation, resolution, context) => generation.genericConfig(resolution, name, context),
    });
  }

  /** `/metadata`: metadata as an environment file. */
  metadata(request: BootRequest, decided = this.decide(request), tokens?: KnownTokens): Answer {
    return this.#answer(request, decided, tokens, 'metadata.sent', 'metadata', {
      render: (generation, resolution, context) => generation.metadata(resolution, context),
    });
  }

  /**
   * `/ignition`: the machine's own config, in a specification that the requesting Ignition understands. What is not
   * ready is answered with 503, since Ignition gives up for good at any 4xx.
   */
  ignition(request: BootRequest, decided = this.decide(request), tokens?: KnownTokens): Answer {
    return this.#answer(request, decided, tokens, 'ignition.sent', 'Ignition config', {
      render: (generation, resolution, context) => {
        const config = generation.ignitionConfig(resolution, context);
        if (config === undefined) return undefined;
        const accepted = parseAcceptHeader(request.accept);
        if (
          accepted.kind === 'too-old' ||
          (accepted.kind === 'spec' && !acceptsSpec(accepted.newest, config.spec))
        ) {
          const newest = accepted.kind === 'spec' ? accepted.newest : accepted.version;
          return this.#refuseSpec(resolution, config.spec, newest);
        }
        return {
          status: 200,
          type: 'application/json',
          body: config.json,
          event: {
            kind: 'ignition.sent',
            summary: `Ignition config, spec ${config.spec}, ${config.json.length} characters`,
            detail: { ...describe(generation, resolution), spec: config.spec },
          },
        };
      },
    });
  }

  #answer(
    request: BootRequest,
    decided: MachineDecision,
    tokens: KnownTokens | undefined,
    kind: BootEventKind,
    what: string,
    how: {
      /** The answers that a script or menu can give to a machine; undefined if only the status tells it. */
      readonly withoutProfile?: (noBoot: NoBoot, subject: string) => Answer | undefined;
      readonly render: (
        generation: Generation,
        resolution: MatchedResolution,
        context: RenderContext,
      ) => string | Answer | undefined;
    },
  ): Answer {
    const { findLease, pollSeconds } = this.#parts;
    const { decision } = decided;
    if (how.withoutProfile !== undefined && decision.kind !== 'local')
      this.#parts.localBoot.bootsElse(decided);
    if (decision.kind !== 'boot') {
      const subject = describeSubject(decided.identification, decided.resolution.labels);
      const answer = how.withoutProfile?.(decision, subject);
      return answer ?? { ...this.#statusFor(request, decision), ...ignitionRefused(kind, decision) };
    }
    const { generation, resolution } = decision.match;
    const { match } = resolution;
    const lease = findLease(request.remoteAddress);
    const context = {
      origin: request.origin,
      rawQuery: request.rawQuery,
      ...(lease !== undefined && { lease }),
      ...(tokens !== undefined && { tokens }),
    };
    try {
      const rendered = how.render(generation, resolution, context);
      if (rendered === undefined) {
        return refuse(404, `profile ${match.compiled.profile.id} has no ${what}`);
      }
      if (typeof rendered !== 'string') return rendered;
      return text(rendered, {
        kind,
        summary: `${what} of profile ${match.compiled.profile.id}, for group ${match.group.id}`,
        detail: describe(generation, resolution),
      });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      // The machine waits, since only an operator can change this.
      const reason = `template ${error.describe()}`;
      return {
        ...notYet(reason, pollSeconds),
        ...ignitionRefused(kind, { kind: 'wait', cause: 'problem', reason }),
      };
    }
  }

  /**
   * The status for a machine that boots nothing from us. What an operator can correct is answered with 503, since
   * Ignition retries for ever at 5xx and gives up at any 4xx.
   */
  #statusFor({ rawQuery }: BootRequest, { cause, kind, reason }: NoBoot): Answer {
    if (cause === 'unidentified') return refuse(404, macFault(rawQuery) ?? reason);
    if (cause === 'disabled' || kind === 'refuse') return refuse(403, reason);
    return notYet(reason, this.#parts.pollSeconds);
  }

  #ipxeWithoutProfile(
    request: BootRequest,
    decided: MachineDecision,
    noBoot: NoBoot,
    subject: string,
  ): Answer | undefined {
    const { cause, kind, reason } = noBoot;
    // The first script tries again by itself, and iPXE shows the error.
    if (cause === 'not_ready' || cause === 'problem') return undefined;
    const hasGroup = !WITHOUT_GROUP.has(cause);
    const why = hasGroup ? reason : `Railhead knows no group for ${subject}`;
    switch (kind) {
      case 'wait':
        return text(
          waitingIpxeScript(
            request.origin,
            [`${why}.`, endOfWaitingFor(decided, cause)],
            this.#parts.pollSeconds,
          ),
          noBootEvent('ipxe.waiting', noBoot),
        );
      case 'local':
        return text(
          localIpxeScript(request.origin, why, this.#parts.localBoot.send(decided, 'ipxe')),
          noBootEvent('boot.local', noBoot),
        );
      case 'refuse':
        return text(failIpxeScript(request.origin, why), noBootEvent('ipxe.waiting', noBoot));
    }
  }

  #grubWithoutProfile(decided: MachineDecision, noBoot: NoBoot, subject: string): Answer | undefined {
    const { cause, kind, reason } = noBoot;
    if (cause === 'not_ready' || cause === 'problem') return undefined;
    switch (kind) {
      case 'wait':
        return text(
          waitingGrubConfig(
            [
              WITHOUT_GROUP.has(cause) ? `Railhead knows no group for ${subject}.` : `${reason}.`,
              endOfWaitingFor(decided, cause),
              ...toldByMachine(decided),
            ],
            this.#parts.pollSeconds,
          ),
          noBootEvent('ipxe.waiting', noBoot),
        );
      case 'local':
        return text(
          localGrubConfig(reason, this.#parts.localBoot.send(decided, 'grub')),
          noBootEvent('boot.local', noBoot),
        );
      case 'refuse':
        return text(failGrubConfig(reason), noBootEvent('ipxe.waiting', noBoot));
    }
  }

  #refuseSpec(resolution: MatchedResolution, spec: string, newest: string): Answer {
    const { compiled, group } = resolution.match;
    const reason = `the config of profile ${compiled.profile.id} is Ignition ${spec}, but this machine supports ${newest} at most: boot a newer release, or write the config for an older version`;
    return {
      // Retrying cannot help until an operator changes something, but giving up would leave the machine in emergency
      // mode.
      ...notYet(reason, this.#parts.pollSeconds),
      event: { kind: 'ignition.refused', summary: reason, detail: { group: group.id, spec, newest } },
    };
  }
}

/** The name of the generic template that a request asks for; undefined if it leaves that to the profile. */
export function genericName({ rawQuery }: BootRequest): string | undefined {
  return new URLSearchParams(rawQuery).get('name') ?? undefined;
}

/** What the machine has told of itself, which GRUB does not know how to print. */
function toldByMachine({ resolution: { labels } }: MachineDecision): string[] {
  const told = ['uuid', 'serial', 'manufacturer', 'product'].flatMap((name) => {
    const value = labels.get(name);
    return value === undefined ? [] : [`${name} ${value}`];
  });
  return told.length === 0 ? [] : [`  ${told.join('  ')}`];
}

function endOfWaitingFor({ subject }: MachineDecision, cause: NoBootCause): string {
  return endOfWaiting({ cause, machineId: subject?.machineId, declared: subject?.declared === true });
}

function describe(generation: Generation, resolution: MatchedResolution): JsonObject {
  const { compiled, group } = resolution.match;
  return { group: group.id, profile: compiled.profile.id, generation: generation.id };
}

function ignitionRefused(kind: BootEventKind, { cause, reason }: NoBoot): Pick<Answer, 'event'> {
  if (kind !== 'ignition.sent' || cause === 'unidentified') return {};
  return { event: { kind: 'ignition.refused', summary: reason, detail: { cause } } };
}

function noBootEvent(kind: BootEventKind, { cause, kind: decision, reason }: NoBoot): Answer['event'] {
  return { kind, summary: reason, detail: { cause, decision } };
}
