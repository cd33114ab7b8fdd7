import type { RenderedSource } from '../provision/rendering/rendered-source.ts';
import type { RenderContext } from '../provision/rendering/template-variables.ts';
import type { Generation, MatchedResolution } from './generation.ts';

/** What can be rendered for a machine. `butane` is the text of the templates before it is compiled. */
export const PREVIEW_KINDS = ['ipxe', 'grub', 'ignition', 'butane', 'generic', 'metadata'] as const;
export type PreviewKind = (typeof PREVIEW_KINDS)[number];

/**
 * What a machine would be given; undefined if its profile has nothing of the kind. `name` is that of a generic template.
 * Throws TemplateError.
 */
export function renderPreview(
  generation: Generation,
  kind: PreviewKind,
  resolution: MatchedResolution,
  context: RenderContext,
  name?: string,
): string | undefined {
  switch (kind) {
    case 'ipxe':
      return generation.ipxeScript(resolution, context);
    case 'grub':
      return generation.grubConfig(resolution, context);
    case 'ignition':
      return generation.ignitionConfig(resolution, context)?.json;
    case 'butane':
      return layersOf(generation.ignitionSources(resolution, context));
    case 'generic':
      return generation.genericConfig(resolution, name, context);
    case 'metadata':
      return generation.metadata(resolution, context);
  }
}

/** The rendered text of each layer, with its name if there are several. */
export function layersOf(sources: readonly RenderedSource[]): string | undefined {
  const [first, ...rest] = sources;
  if (first === undefined || rest.length === 0) return first?.text;
  return sources.map(({ name, text }) => `# profiles/${name}\n${text.trimEnd()}\n`).join('\n');
}
