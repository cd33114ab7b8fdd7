import type { CATALOG_ROUTES } from '../../../api/routes/catalog.ts';
import type { AssetView, CatalogView, GroupView, ProfileView } from '../../../api/schemas/catalog.ts';
import type { BootDecider } from '../../../catalog/boot-decider.ts';
import type { CatalogStatus } from '../../../catalog/catalog-status.ts';
import { explainMachine } from '../../../catalog/explain-machine.ts';
import type { Generation } from '../../../catalog/generation.ts';
import { renderPreview } from '../../../catalog/render-preview.ts';
import type { Actor } from '../../../control/actor.ts';
import type { Identification } from '../../../provision/machines/identification.ts';
import { redactIgnition, redactText, secretsOf } from '../../../provision/rendering/redact-secrets.ts';
import type { RenderContext } from '../../../provision/rendering/template-variables.ts';
import { TemplateError } from '../../../provision/rendering/template-error.ts';
import type { Group } from '../../../provision/selection/group.ts';
import type { Labels } from '../../../provision/selection/labels.ts';
import { describeRequirement } from '../../../provision/selection/selector.ts';
import { ApiError } from '../api-error.ts';
import type { Handlers } from '../handler.ts';

/** A file below the folder of assets. */
export interface AssetFile {
  /** Below the folder, with slashes. */
  readonly path: string;
  readonly size: number;
  readonly modifiedAt: Date;
}

/** A generation that has served since the start. */
export type PastGeneration = NonNullable<CatalogStatus['generation']> & {
  readonly problems: number;
  readonly warnings: number;
};

/** What the routes of the catalog depend on. */
export interface CatalogRouteParts {
  readonly catalog: {
    readonly generation: () => Generation | undefined;
    readonly status: () => CatalogStatus;
    readonly reload: () => Promise<void>;
    /** The newest first. */
    readonly past: () => readonly PastGeneration[];
  };
  readonly decider: BootDecider;
  /** What a machine would send of itself, and what it is identified as by that; undefined if there is none of this id. */
  readonly askerOf: (
    machineId: string,
  ) => Promise<{ readonly claimed: Labels; readonly identification: Identification } | undefined>;
  /** What is rendered for a machine besides its metadata. */
  readonly renderContext: (claimed: Labels) => RenderContext;
  readonly listAssets: () => Promise<{ readonly files: readonly AssetFile[]; readonly isComplete: boolean }>;
  /** Records that somebody saw the secrets of a machine. */
  readonly noteSecretsShown: (machineId: string, kind: string, by: Actor) => Promise<void>;
}

export function catalogHandlers(parts: CatalogRouteParts): Handlers<typeof CATALOG_ROUTES> {
  const { askerOf, catalog, decider } = parts;
  const generation = (): Generation => {
    const serving = catalog.generation();
    if (serving === undefined) throw new ApiError('catalog_missing', 'no catalog has been loaded yet');
    return serving;
  };
  const asker = async (id: string) => {
    const found = await askerOf(id);
    if (found === undefined) throw new ApiError('not_found', `there is no machine ${id}`);
    return found;
  };
  return {
    showCatalog: () => ({ status: 200, body: catalogView(catalog.status()) }),
    listGenerations: () => ({
      status: 200,
      body: {
        items: catalog
          .past()
          .map(({ problems, warnings, ...one }) => ({ ...generationView(one), problems, warnings })),
      },
    }),
    reloadCatalog: async () => {
      await catalog.reload();
      return { status: 200, body: catalogView(catalog.status()) };
    },
    listGroups: () => ({ status: 200, body: { items: groupsOf(catalog.generation()) } }),
    showGroup: ({ params: { group: id } }) => {
      const group = groupsOf(catalog.generation()).find((one) => one.id === id);
      if (group === undefined) throw new ApiError('not_found', `there is no group ${id}`);
      return { status: 200, body: group };
    },
    listProfiles: () => ({ status: 200, body: { items: profilesOf(catalog.generation()) } }),
    showProfile: ({ params: { profile: id } }) => {
      const profile = profilesOf(catalog.generation()).find((one) => one.id === id);
      if (profile === undefined) throw new ApiError('not_found', `there is no profile ${id}`);
      return { status: 200, body: profile };
    },
    listTemplates: () => ({ status: 200, body: { items: templatesOf(profilesOf(catalog.generation())) } }),
    listAssets: async () => {
      const { files, isComplete } = await parts.listAssets();
      return {
        status: 200,
        body: { ...assetsOf(files, profilesOf(catalog.generation())), is_complete: isComplete },
      };
    },
    explainMachine: async ({ params: { id } }) => {
      const { claimed, identification } = await asker(id);
      const { recognisedBy, ...explained } = explainMachine(decider, generation(), identification, claimed);
      return { status: 200, body: { ...explained, recognised_by: recognisedBy } };
    },
    renderMachine: async ({ actor, params: { id, kind }, query: { name, secrets } }) => {
      if (secrets === 'show' && !actor.permissions.has('secrets:read'))
        throw new ApiError('forbidden', `${actor.name} lacks the permission secrets:read`);
      const { claimed, identification } = await asker(id);
      const serving = generation();
      const { match, ...resolution } = serving.resolve(claimed, identification);
      if (match === undefined)
        throw new ApiError(
          'not_rendered',
          `this machine waits: ${resolution.problem ?? 'no group selects it'}`,
        );
      let text: string | undefined;
      try {
        text = renderPreview(serving, kind, { ...resolution, match }, parts.renderContext(claimed), name);
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        const faults = error.all().map((fault) => `profiles/${fault.describe()}`);
        throw new ApiError('not_rendered', faults.join('; '), {
          errors: faults.map((message) => ({ message })),
        });
      }
      const { profile } = match.compiled;
      if (text === undefined)
        throw new ApiError('not_found', `profile ${profile.id} has nothing to render for ${kind}`);
      if (secrets === 'show') {
        await parts.noteSecretsShown(id, kind, actor);
        return { status: 200, body: text };
      }
      const hidden = secretsOf(profile.metadata, match.group.metadata, resolution.machine?.metadata ?? {});
      return {
        status: 200,
        body: kind === 'ignition' ? redactIgnition(text, hidden) : redactText(text, hidden),
      };
    },
  };
}

function generationView({ keptAt, loadedAt, ...generation }: NonNullable<CatalogStatus['generation']>) {
  const { from, groups, id, machines, profiles } = generation;
  return {
    id,
    loaded_at: loadedAt.toISOString(),
    from,
    ...(keptAt !== undefined && { kept_at: keptAt.toISOString() }),
    profiles,
    groups,
    machines,
  };
}

function catalogView(status: CatalogStatus): CatalogView {
  const { checkedAt, generation, loadMs, problems, standIns, warnings } = status;
  return {
    ...(generation !== undefined && { generation: generationView(generation) }),
    checked_at: checkedAt.toISOString(),
    ...(loadMs !== undefined && { load_ms: loadMs }),
    conditions: conditionsOf(status),
    problems,
    warnings,
    stand_ins: standIns.map(({ file, since }) => ({ file, since: since.toISOString() })),
  };
}

function conditionsOf({ generation, problems }: CatalogStatus): CatalogView['conditions'] {
  const isCurrent = generation?.from === 'files';
  return [
    {
      type: 'Serving',
      status: generation !== undefined,
      message:
        generation === undefined
          ? 'nothing serves, so no machine boots'
          : `machines boot from generation ${generation.id}`,
    },
    {
      type: 'Current',
      status: isCurrent,
      message: isCurrent
        ? 'it is made of the files as they are'
        : 'the files cannot be read; the last good ones serve, if there are any',
    },
    {
      type: 'Valid',
      status: isCurrent && problems.length === 0,
      message:
        problems.length === 0
          ? 'the files have no problem'
          : `the files have ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}`,
    },
  ];
}

function groupsOf(generation: Generation | undefined): GroupView[] {
  return (generation?.groups ?? []).map((group) => groupView(group, generation));
}

function groupView(group: Group, generation: Generation | undefined): GroupView {
  const { arm, id, metadata, name, priority, profile, selector } = group;
  const problem = generation?.problemOfGroup(group);
  return {
    id,
    ...(name !== undefined && { name }),
    profile,
    priority,
    selector: [...selector].flatMap(([label, requirements]) =>
      requirements.map((requirement) => ({ label, requirement: describeRequirement(requirement) })),
    ),
    ...(arm !== undefined && { arm }),
    metadata_keys: Object.keys(metadata),
    ...(problem !== undefined && { problem }),
  };
}

function profilesOf(generation: Generation | undefined): ProfileView[] {
  if (generation === undefined) return [];
  const groups = new Map<string, string[]>();
  for (const { id, profile } of generation.groups) groups.set(profile, [...(groups.get(profile) ?? []), id]);
  return [...generation.profiles.values()]
    .map(({ profile }): ProfileView => {
      const { boot, generic, id, ignition, lifecycle, metadata, name, protect } = profile;
      const problem = generation.problemOfProfile(id);
      return {
        id,
        ...(name !== undefined && { name }),
        lifecycle,
        ...(protect !== undefined && { protect }),
        ...(boot !== undefined && {
          boot: { kernel: boot.kernel, initrd: [...boot.initrd], args: [...boot.args] },
        }),
        ignition: [...ignition],
        generic: Object.entries(generic).map(([one, template]) => ({ name: one, template })),
        metadata_keys: Object.keys(metadata),
        groups: groups.get(id) ?? [],
        ...(problem !== undefined && { problem }),
      };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function templatesOf(profiles: readonly ProfileView[]): { name: string; profiles: string[] }[] {
  const users = new Map<string, Set<string>>();
  for (const { generic, id, ignition } of profiles) {
    for (const name of [...ignition, ...generic.map(({ template }) => template)]) {
      users.set(name, (users.get(name) ?? new Set<string>()).add(id));
    }
  }
  return [...users]
    .map(([name, ids]) => ({ name, profiles: [...ids] }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const ASSETS = '/assets/';

/** The files, and those that profiles name by a fixed path and that are not there. */
function assetsOf(
  files: readonly AssetFile[],
  profiles: readonly ProfileView[],
): { items: AssetView[]; missing: { path: string; profiles: string[] }[] } {
  const users = new Map<string, Set<string>>();
  for (const { boot, id } of profiles) {
    for (const url of boot === undefined ? [] : [boot.kernel, ...boot.initrd]) {
      if (!url.startsWith(ASSETS) || url.includes('{{')) continue;
      const path = url.slice(ASSETS.length);
      users.set(path, (users.get(path) ?? new Set<string>()).add(id));
    }
  }
  const there = new Set(files.map(({ path }) => path));
  return {
    items: files.map(({ modifiedAt, path, size }) => ({
      path,
      size,
      modified_at: modifiedAt.toISOString(),
      profiles: [...(users.get(path) ?? [])],
    })),
    missing: [...users]
      .filter(([path]) => !there.has(path))
      .map(([path, ids]) => ({ path, profiles: [...ids] })),
  };
}
