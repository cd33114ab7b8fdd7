import type { Profile } from '../provision/rendering/profile.ts';
import type { Template } from '../provision/rendering/template.ts';

/** A template with its own text, which errors point into. */
export interface SourceTemplate extends Template {
  readonly source: string;
}

/** A profile whose templates are compiled. */
export interface CompiledProfile {
  readonly profile: Profile;
  readonly boot?: {
    readonly kernel: Template;
    readonly initrd: readonly Template[];
    readonly args: readonly Template[];
  };
  readonly ignition: readonly SourceTemplate[];
  readonly generic: ReadonlyMap<string, Template>;
}
