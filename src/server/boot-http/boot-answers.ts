import type { Generation, MatchedResolution, Resolution } from '../../catalog/generation.ts';
import { parseAcceptHeader } from '../../ignition/accept-header.ts';
import { acceptsSpec } from '../../ignition/flatcar-releases.ts';
import type { BootEventKind } from '../../provision/history/boot-event.ts';
import { waitingGrubConfig } from '../../provision/rendering/grub-config.ts';
import {
  bootIpxeScript,
  failIpxeScript,
  localIpxeScript,
  waitingIpxeScript,
} from '../../provision/rendering/ipxe-script.ts';
import type { JsonObject } from '../../provision/json-value.ts';
import { TemplateError } from '../../provision/rendering/template-error.ts';
import type { Identification, IdentityClaims } from '../../provision/machines/identification.ts';
import { claimsOfLabels } from '../../provision/selection/labels.ts';
import type { RenderContext } from '../../provision/rendering/template-variables.ts';
import { type Answer, notYet, refuse, text } from './answer.ts';
import type { BootRequest } from './boot-request.ts';

/** What a machine without a group does. */
export type UnmatchedPolicy = 'wait' | 'local' | 'fail';

/** What the answers of the boot plane depend on. */
export interface BootAnswerParts {
  /** The generation that serves; undefined while there was no good one. */
  readonly generation: () => Generation | undefined;
  /** Who sends a request, as far as machine records tell. */
  readonly identify: (claims: IdentityClaims) => Identification;
  readonly unmatched: UnmatchedPolicy;
  readonly pollSeconds: number;
  /** The lease that the machine at this address has from us, as templates see it. */
  readonly findLease: (address: string) => JsonObject | undefined;
  /** A machine was seen that no group is for. */
  readonly discovered: (request: BootRequest, resolution: Resolution) => void;
}

/** Answers everything that is rendered for one machine. Pure but for what its parts do. */
export class BootAnswers {
  readonly #parts: BootAnswerParts;

  constructor(parts: BootAnswerParts) {
    this.#parts = parts;
  }

  /** `/boot.ipxe`: the script that collects what iPXE knows and comes back with it. */
  bootScript(request: BootRequest): Answer {
    return text(bootIpxeScript(request.origin), {
      kind: 'http.boot_script',
      summary: 'boot script',
      detail: {},
    });
  }

  /** `/ipxe`: what to load. */
  ipxe(request: BootRequest): Answer {
    return this.#answer(request, 'ipxe.sent', 'iPXE script', {
      unmatched: (resolution) => this.#unmatchedIpxe(request, resolution),
      render: (generation, resolution, context) => generation.ipxeScript(resolution, context),
    });
  }

  /** `/grub`: the same for GRUB. */
  grub(request: BootRequest): Answer {
    return this.#answer(request, 'grub.sent', 'GRUB config', {
      unmatched: (resolution) => {
        this.#parts.discovered(request, resolution);
        return text(waitingGrubConfig(this.#parts.pollSeconds));
      },
      render: (generation, resolution, context) => generation.grubConfig(resolution, context),
    });
  }

  /** `/generic`: a template of the operator's own, chosen by the query parameter `name` where there are several. */
  generic(request: BootRequest): Answer {
    const name = new URLSearchParams(request.rawQuery).get('name') ?? undefined;
    return this.#answer(request, 'generic.sent', 'generic template', {
      render: (generation, resolution, context) => generation.genericConfig(resolution, name, context),
    });
  }

  /** `/metadata`: metadata as an environment file. */
  metadata(request: BootRequest): Answer {
    return this.#answer(request, 'metadata.sent', 'metadata', {
      render: (generation, resolution, context) => generation.metadata(resolution, context),
    });
  }

  /**
   * `/ignition`: the machine's own config, in a specification that the asking Ignition understands. What is not ready
   * is 503, since Ignition gives up for good at any 4xx.
   */
  ignition(request: BootRequest): Answer {
    return this.#answer(request, 'ignition.sent', 'Ignition config', {
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
    kind: BootEventKind,
    what: string,
    how: {
      readonly unmatched?: (resolution: Resolution) => Answer;
      readonly render: (
        generation: Generation,
        resolution: MatchedResolution,
        context: RenderContext,
      ) => string | Answer | undefined;
    },
  ): Answer {
    const { findLease, pollSeconds } = this.#parts;
    const generation = this.#parts.generation();
    if (generation === undefined)
      return notYet('the catalog has problems, and none was good yet', pollSeconds);
    const resolution = generation.resolve(
      request.labels,
      this.#parts.identify(claimsOfLabels(request.labels)),
    );
    const { machine, match, problem } = resolution;
    if (machine?.disabled === true) return refuse(403, `machine ${machine.id} is disabled`);
    if (problem !== undefined) {
      return { ...notYet(problem, pollSeconds), ...ignitionRefused(kind, problem) };
    }
    if (match === undefined) {
      return how.unmatched?.(resolution) ?? this.#unmatched(request, resolution);
    }
    const lease = findLease(request.remoteAddress);
    const context = {
      origin: request.origin,
      rawQuery: request.rawQuery,
      ...(lease !== undefined && { lease }),
    };
    try {
      const rendered = how.render(generation, { ...resolution, match }, context);
      if (rendered === undefined) {
        return refuse(404, `profile ${match.compiled.profile.id} has no ${what}`);
      }
      if (typeof rendered !== 'string') return rendered;
      return text(rendered, {
        kind,
        summary: `${what} of profile ${match.compiled.profile.id}, for group ${match.group.id}`,
        detail: describe(generation, { ...resolution, match }),
      });
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      // The machine can do nothing about it, and a person will: so it waits.
      return {
        ...notYet(`template ${error.describe()}`, pollSeconds),
        ...ignitionRefused(kind, `template ${error.describe()}`),
      };
    }
  }

  #unmatched(request: BootRequest, resolution: Resolution): Answer {
    this.#parts.discovered(request, resolution);
    const reason = `no group selects ${subjectOf(resolution)}`;
    // A machine that is known only needs a group, and waits for it; of one that says nothing nothing can be known.
    return resolution.labels.has('mac') || resolution.labels.has('uuid')
      ? notYet(reason, this.#parts.pollSeconds)
      : refuse(404, reason);
  }

  #unmatchedIpxe(request: BootRequest, resolution: Resolution): Answer {
    const { pollSeconds, unmatched } = this.#parts;
    this.#parts.discovered(request, resolution);
    const subject = subjectOf(resolution);
    const event = {
      kind: 'ipxe.waiting',
      summary: `no group selects ${subject}`,
      detail: { unmatched },
    } as const;
    switch (unmatched) {
      case 'wait':
        return text(waitingIpxeScript(request.origin, subject, pollSeconds), event);
      case 'local':
        return text(localIpxeScript(request.origin, `Railhead knows no group for ${subject}`), event);
      case 'fail':
        return text(failIpxeScript(request.origin, `Railhead knows no group for ${subject}`), event);
    }
  }

  #refuseSpec(resolution: MatchedResolution, spec: string, newest: string): Answer {
    const { compiled, group } = resolution.match;
    const reason = `the config of profile ${compiled.profile.id} is Ignition ${spec}, and this machine knows ${newest} at most: boot a newer release, or write the config for an older version`;
    return {
      // Retrying cannot help until a person changes something, but giving up would leave the machine in emergency mode.
      ...notYet(reason, this.#parts.pollSeconds),
      event: { kind: 'ignition.refused', summary: reason, detail: { group: group.id, spec, newest } },
    };
  }
}

function describe(generation: Generation, resolution: MatchedResolution): JsonObject {
  const { compiled, group } = resolution.match;
  return { group: group.id, profile: compiled.profile.id, generation: generation.id };
}

function ignitionRefused(kind: BootEventKind, reason: string): Pick<Answer, 'event'> {
  if (kind !== 'ignition.sent') return {};
  return { event: { kind: 'ignition.refused', summary: reason, detail: {} } };
}

function subjectOf({ machine, labels }: Resolution): string {
  if (machine !== undefined) return `machine ${machine.id}`;
  const mac = labels.get('mac');
  const uuid = labels.get('uuid');
  return mac !== undefined
    ? `MAC ${mac}`
    : uuid !== undefined
      ? `UUID ${uuid}`
      : 'a machine that gives neither MAC nor UUID';
}
