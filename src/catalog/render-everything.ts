import type { Problem } from '../documents/problem.ts';
import { sampleLabels } from '../provision/selection/selector.ts';
import { TemplateError } from '../provision/rendering/template-error.ts';
import type { Machine } from '../provision/machines/machine.ts';
import type { DefinitionPlaces } from './compile-catalog.ts';
import type { Generation, MatchedResolution } from './generation.ts';
import { templateProblem } from './profile-compiler.ts';

/** Where a trial rendering says the server is; nothing is sent there. */
const SAMPLE_ORIGIN = 'http://railhead.invalid:8080';
const SAMPLE_MAC = '52:54:00:00:00:01';
const SAMPLE_UUID = '5254d00d-0000-4000-8000-000000000001';
/** How long to work before letting requests in between. */
const SLICE_MS = 10;

/**
 * Renders all that groups and declared machines would be given, and reports what fails: a variable that one group
 * does not set shows here, and not on a machine's console. `nowMs` and `pause` let a server answer in between.
 */
export async function renderEverything(
  generation: Generation,
  machines: readonly Machine[],
  places: DefinitionPlaces,
  nowMs: () => number,
  pause: () => Promise<void>,
): Promise<Problem[]> {
  const problems = new Map<string, Problem>();
  let sliceStartMs = nowMs();
  for (const { resolution, subject } of subjects(generation, machines, places, problems)) {
    for (const error of renderAll(generation, resolution)) {
      const problem = templateProblem(error);
      const key = `${problem.file}:${problem.line}:${problem.column}:${problem.message}`;
      if (!problems.has(key))
        problems.set(key, { ...problem, message: `${problem.message} (for ${subject})` });
    }
    if (nowMs() - sliceStartMs > SLICE_MS) {
      await pause();
      sliceStartMs = nowMs();
    }
  }
  return [...problems.values()];
}

function* subjects(
  generation: Generation,
  machines: readonly Machine[],
  places: DefinitionPlaces,
  problems: Map<string, Problem>,
): Generator<{ resolution: MatchedResolution; subject: string }> {
  for (const group of generation.groups) {
    const compiled = generation.profiles.get(group.profile);
    const labels = sampleLabels(group.selector);
    if (compiled === undefined) continue;
    if (labels === undefined) {
      // Only a machine can show what a regular expression is after; an impossible selector shows in `explain`.
      const document = places.get(group)?.document;
      if (
        document !== undefined &&
        ![...group.selector.values()].flat().some(({ kind }) => kind === 'regex')
      ) {
        const problem = {
          file: document.file,
          ...document.placeOf(['selector']),
          message: `no machine can meet the selector of group ${group.id}`,
        };
        problems.set(`selector ${group.id}`, problem);
      }
      if (document === undefined) continue;
    }
    const sample = new Map([['mac', SAMPLE_MAC], ['uuid', SAMPLE_UUID], ...(labels ?? [])]);
    yield {
      resolution: { claimed: sample, labels: sample, match: { group, compiled } },
      subject: `group ${group.id}`,
    };
  }
  for (const machine of machines) {
    const claimed = new Map<string, string>();
    const [mac] = machine.macs;
    if (mac !== undefined) claimed.set('mac', mac);
    if (machine.uuid !== undefined) claimed.set('uuid', machine.uuid);
    if (machine.serial !== undefined) claimed.set('serial', machine.serial);
    const resolution = generation.resolve(claimed, { machine, card: 'listed', conflicts: [] });
    if (resolution.match === undefined) continue;
    yield { resolution: { ...resolution, match: resolution.match }, subject: `machine ${machine.id}` };
  }
}

function renderAll(generation: Generation, resolution: MatchedResolution): TemplateError[] {
  // A machine asks with what its boot script was told to repeat: the labels that select it.
  const [, rawQuery = ''] = generation.ignitionUrl(resolution.claimed, SAMPLE_ORIGIN).split('?');
  const context = { origin: SAMPLE_ORIGIN, rawQuery };
  const { compiled } = resolution.match;
  const errors: TemplateError[] = [];
  const attempt = (render: () => unknown): void => {
    try {
      render();
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      errors.push(...error.all());
    }
  };
  attempt(() => generation.ipxeScript(resolution, context));
  attempt(() => generation.ignitionConfig(resolution, context));
  for (const name of compiled.generic.keys())
    attempt(() => generation.genericConfig(resolution, name, context));
  return errors;
}
