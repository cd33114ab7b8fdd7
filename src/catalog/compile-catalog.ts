import type { z } from 'zod';
import type { ButaneFiles } from '../butane/butane-files.ts';
import { encodeOptionValue, parseOptionValue, reservedOptionReason } from '../protocol/dhcp/option-value.ts';
import { parseIpv4 } from '../protocol/ipv4-address.ts';
import { isStationMac, parseMac } from '../protocol/mac-address.ts';
import { isIdentifyingUuid, parseUuid } from '../protocol/machine-uuid.ts';
import { CLIENT_ID_SIZE_MAX } from '../provision/dhcp/client-key.ts';
import type { Group } from '../provision/group.ts';
import { GroupIndex } from '../provision/group-index.ts';
import type { Machine } from '../provision/machine.ts';
import type { Profile } from '../provision/profile.ts';
import { IgnitionCompiler } from '../provision/render-ignition.ts';
import { compileTemplate, type FindPartial, type Template } from '../provision/template.ts';
import { TemplateError } from '../provision/template-error.ts';
import { type CatalogFiles, hashCatalogFiles } from './catalog-files.ts';
import type { CompiledProfile, SourceTemplate } from './compiled-profile.ts';
import {
  type GroupDocument,
  groupDocument,
  type MachineDocument,
  machineDocument,
  type ProfileDocument,
  profileDocument,
} from './document-schemas.ts';
import { Generation } from './generation.ts';
import type { Problem } from '../documents/problem.ts';
import { readSelector } from './read-selector.ts';
import { readYamlDocuments, schemaProblems, type YamlDocument } from '../documents/yaml-documents.ts';

/** A generation, or what stands in its way. */
export type CompiledCatalog =
  | { readonly kind: 'generation'; readonly generation: Generation; readonly places: DefinitionPlaces }
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] };

/** Where things are defined, for problems that show only later. */
export type DefinitionPlaces = ReadonlyMap<Group | Machine, { document: YamlDocument }>;

/** Compiles the files of a catalog. All problems are found at once; with any of them there is no generation. */
export function compileCatalog(
  files: CatalogFiles,
  loadedAt: Date,
  butaneFiles?: ButaneFiles,
): CompiledCatalog {
  const compilation = new CatalogCompilation(files);
  const profiles = compilation.compileProfiles();
  const groups = compilation.compileGroups();
  const machines = compilation.compileMachines();
  compilation.checkGroups(groups);
  if (compilation.problems.length > 0) return { kind: 'invalid', problems: compilation.problems };
  const generation = new Generation({
    id: hashCatalogFiles(files),
    loadedAt,
    profiles,
    groups,
    machines,
    ignitionCompiler: new IgnitionCompiler(butaneFiles),
  });
  return { kind: 'generation', generation, places: compilation.places };
}

class CatalogCompilation {
  readonly problems: Problem[] = [];
  readonly places = new Map<Group | Machine, { document: YamlDocument }>();
  readonly #files: CatalogFiles;
  readonly #profileIds = new Set<string>();
  readonly #templates = new Map<string, SourceTemplate | undefined>();

  constructor(files: CatalogFiles) {
    this.#files = files;
  }

  compileProfiles(): Map<string, CompiledProfile> {
    const profiles = new Map<string, CompiledProfile>();
    for (const { document, value } of this.#readAll('profiles', profileDocument)) {
      this.#profileIds.add(value.id);
      profiles.set(value.id, this.#compileProfile(document, value));
    }
    return profiles;
  }

  compileGroups(): Group[] {
    return this.#readAll('groups', groupDocument).map(({ document, value }) => {
      const group = this.#readGroup(document, value);
      this.places.set(group, { document });
      return group;
    });
  }

  compileMachines(): Machine[] {
    const claims = new Map<string, string>();
    return this.#readAll('machines', machineDocument).map(({ document, value }) => {
      const machine = this.#readMachine(document, value, claims);
      this.places.set(machine, { document });
      return machine;
    });
  }

  /** Groups of which only the name would decide. */
  checkGroups(groups: readonly Group[]): void {
    for (const [first, ...rest] of new GroupIndex(groups).findEqualSelectors()) {
      for (const group of rest) {
        const document = this.places.get(group)?.document;
        if (document === undefined || first === undefined) continue;
        this.#report(
          document,
          ['selector'],
          `group ${group.id} selects the same machines as group ${first.id} with the same priority: give one of them another priority or selector`,
        );
      }
    }
  }

  /** All documents of a folder that fit the schema, each id once. */
  #readAll<S extends z.ZodType<{ id: string }>>(
    folder: string,
    schema: S,
  ): { document: YamlDocument; value: z.output<S> }[] {
    const read: { document: YamlDocument; value: z.output<S> }[] = [];
    const seen = new Map<string, string>();
    for (const [file, bytes] of this.#files) {
      if (!file.startsWith(`${folder}/`) || !/\.(ya?ml|json)$/.test(file)) continue;
      const { documents, problems } = readYamlDocuments(file, bytes);
      this.problems.push(...problems);
      // A profile in a file that cannot be read is still meant to exist: one mistake should be one problem.
      if (folder === 'profiles' && problems.length > 0) {
        for (const [, id] of bytes.toString('utf8').matchAll(/^id:\s*["']?([\w.-]+)/gm))
          this.#profileIds.add(id ?? '');
      }
      for (const document of documents) {
        const parsed = schema.safeParse(document.value);
        if (!parsed.success) {
          this.problems.push(...schemaProblems(document, parsed.error));
          // What was meant by a broken profile still exists, so that its groups are not reported as well.
          const id: unknown = (document.value as { id?: unknown } | null)?.id;
          if (folder === 'profiles' && typeof id === 'string') this.#profileIds.add(id);
          continue;
        }
        const value = parsed.data;
        const other = seen.get(value.id);
        if (other !== undefined) {
          this.#report(document, ['id'], `id ${value.id} is already taken in ${other}`);
          continue;
        }
        seen.set(value.id, file);
        read.push({ document, value });
      }
    }
    return read;
  }

  #compileProfile(document: YamlDocument, value: ProfileDocument): CompiledProfile {
    const ignition = typeof value.ignition === 'string' ? [value.ignition] : value.ignition;
    const profile: Profile = {
      id: value.id,
      ...(value.name !== undefined && { name: value.name }),
      ...(value.boot !== undefined && { boot: value.boot }),
      ignition,
      generic: value.generic,
      lifecycle: value.lifecycle,
      metadata: value.metadata,
    };
    const named = (name: string, path: readonly PropertyKey[]): SourceTemplate | undefined =>
      this.#compileFile(document, name, path);
    const generic = Object.entries(value.generic).flatMap(([name, file]) => {
      const template = named(file, ['generic', name]);
      return template === undefined ? [] : [[name, template] as const];
    });
    const { boot } = value;
    return {
      profile,
      ...(boot !== undefined && {
        boot: {
          kernel: this.#compileInline(document, boot.kernel, ['boot', 'kernel']),
          initrd: boot.initrd.map((text, index) =>
            this.#compileInline(document, text, ['boot', 'initrd', index]),
          ),
          args: boot.args.map((text, index) => this.#compileInline(document, text, ['boot', 'args', index])),
        },
      }),
      ignition: ignition.flatMap((name, index) => {
        const path = typeof value.ignition === 'string' ? ['ignition'] : ['ignition', index];
        return named(name, path) ?? [];
      }),
      generic: new Map(generic),
    };
  }

  /** A template file, compiled once however many profiles name it. */
  #compileFile(
    document: YamlDocument,
    name: string,
    path: readonly PropertyKey[],
  ): SourceTemplate | undefined {
    const file = `profiles/${name}`;
    const bytes = this.#files.get(file);
    if (bytes === undefined) {
      this.#report(document, path, `there is no template ${file}`);
      return undefined;
    }
    if (this.#templates.has(file)) return this.#templates.get(file);
    let compiled: SourceTemplate | undefined;
    try {
      const source = decodeTemplate(name, bytes);
      compiled = { ...compileTemplate(name, source, this.#findPartial), source };
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.problems.push(templateProblem(error));
    }
    this.#templates.set(file, compiled);
    return compiled;
  }

  /** A template that is a value of the profile itself; its errors are placed at that value. */
  #compileInline(document: YamlDocument, source: string, path: readonly PropertyKey[]): Template {
    const name = path.map(String).join('.');
    const rename = (error: unknown): TemplateError => {
      if (!(error instanceof TemplateError)) throw error;
      return new TemplateError(
        document.file.replace(/^profiles\//, ''),
        `${name}: ${error.message}`,
        document.placeOf(path),
      );
    };
    try {
      const template = compileTemplate(name, source, this.#findPartial);
      return {
        name: document.file.replace(/^profiles\//, ''),
        render(variables) {
          try {
            return template.render(variables);
          } catch (error) {
            throw rename(error);
          }
        },
      };
    } catch (error) {
      this.problems.push(templateProblem(rename(error)));
      return { name, render: () => '' };
    }
  }

  readonly #findPartial: FindPartial = (name) => {
    for (const candidate of [name, `${name}.hbs`]) {
      const bytes = this.#files.get(`profiles/${candidate}`);
      if (bytes !== undefined) return { name: candidate, source: decodeTemplate(candidate, bytes) };
    }
    return undefined;
  };

  #readGroup(document: YamlDocument, value: GroupDocument): Group {
    if (!this.#profileIds.has(value.profile)) {
      this.#report(document, ['profile'], `there is no profile "${value.profile}"`);
    }
    return {
      id: value.id,
      ...(value.name !== undefined && { name: value.name }),
      profile: value.profile,
      priority: value.priority,
      selector: readSelector(value.selector, (path, message) => this.#report(document, path, message)),
      metadata: value.metadata,
      dhcpOptions: this.#readOptions(document, value.dhcp_options),
    };
  }

  #readOptions(document: YamlDocument, options: GroupDocument['dhcp_options']): Map<number, Uint8Array> {
    const dhcpOptions = new Map<number, Uint8Array>();
    options.forEach(({ code, type, value: option }, index) => {
      const reserved = reservedOptionReason(code);
      if (reserved !== undefined) {
        this.#report(
          document,
          ['dhcp_options', index, 'code'],
          `option ${code} cannot be set here: ${reserved}`,
        );
        return;
      }
      try {
        dhcpOptions.set(code, encodeOptionValue(parseOptionValue(type, option)));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        this.#report(document, ['dhcp_options', index, 'value'], error.message);
      }
    });
    return dhcpOptions;
  }

  #readMachine(document: YamlDocument, value: MachineDocument, claims: Map<string, string>): Machine {
    /** What identifies a machine belongs to one machine only. */
    const claim = (what: string, identity: string, path: readonly PropertyKey[]): void => {
      const key = `${what} ${identity}`;
      const other = claims.get(key);
      if (other !== undefined) this.#report(document, path, `${key} already belongs to machine ${other}`);
      else claims.set(key, value.id);
    };
    const macs = asList(value.mac).flatMap((text, index) => {
      const path = typeof value.mac === 'string' ? ['mac'] : ['mac', index];
      const mac = parseMac(text);
      if (mac === undefined || !isStationMac(mac)) {
        this.#report(
          document,
          path,
          `"${text}" is not a MAC address of a machine; write it as 52:54:00:a1:9c:ae`,
        );
        return [];
      }
      claim('MAC address', mac, path);
      return mac;
    });
    const clientIds = asList(value.client_id).map((text) => {
      const hex = this.#readHex(document, ['client_id'], text, 'client-id');
      if (hex.length > 2 * CLIENT_ID_SIZE_MAX) {
        const message = `a client-id of ${hex.length / 2} octets is longer than the ${CLIENT_ID_SIZE_MAX} that are told apart`;
        this.#report(document, ['client_id'], message);
      }
      claim('client-id', hex, ['client_id']);
      return hex;
    });
    const switchPort = value.switch_port && this.#readSwitchPort(document, value.switch_port);
    if (switchPort !== undefined) {
      const { circuitId = 'any', remoteId = 'any' } = switchPort;
      claim('switch port', `circuit ${circuitId}, remote ${remoteId}`, ['switch_port']);
    }
    const uuid = value.uuid === undefined ? undefined : parseUuid(value.uuid);
    if (value.uuid !== undefined && (uuid === undefined || !isIdentifyingUuid(uuid))) {
      this.#report(document, ['uuid'], `"${value.uuid}" is not a UUID that identifies a machine`);
    } else if (uuid !== undefined) {
      claim('UUID', uuid, ['uuid']);
    }
    if (value.serial !== undefined) claim('serial number', value.serial, ['serial']);
    const address = value.address === undefined ? undefined : parseIpv4(value.address);
    if (value.address !== undefined && address === undefined) {
      this.#report(document, ['address'], `"${value.address}" is not an IPv4 address`);
    } else if (address !== undefined) {
      claim('address', address, ['address']);
    }
    if (
      asList(value.mac).length === 0 &&
      clientIds.length === 0 &&
      value.uuid === undefined &&
      value.serial === undefined &&
      value.switch_port === undefined
    ) {
      this.#report(
        document,
        [],
        `machine ${value.id} has nothing to be recognised by: give mac, uuid, serial, client_id or switch_port`,
      );
    }
    const dhcpOptions = this.#readOptions(document, value.dhcp_options);
    return {
      id: value.id,
      macs,
      ...(clientIds.length > 0 && { clientIds }),
      ...(switchPort !== undefined && { switchPort }),
      ...(uuid !== undefined && { uuid }),
      ...(value.serial !== undefined && { serial: value.serial }),
      labels: value.labels,
      metadata: value.metadata,
      ...(address !== undefined && { address }),
      ...(value.hostname !== undefined && { hostname: value.hostname }),
      ...(value.boot_program !== undefined && { bootProgram: value.boot_program }),
      ...(dhcpOptions.size > 0 && { dhcpOptions }),
      ...(value.lease_seconds !== undefined && {
        leaseSeconds: value.lease_seconds === 'infinite' ? Infinity : value.lease_seconds,
      }),
      disabled: value.disabled,
    };
  }

  #readSwitchPort(
    document: YamlDocument,
    { circuit_id: circuit, remote_id: remote }: NonNullable<MachineDocument['switch_port']>,
  ): NonNullable<Machine['switchPort']> {
    if (circuit === undefined && remote === undefined) {
      this.#report(document, ['switch_port'], 'name a port by circuit_id, remote_id, or both');
    }
    const read = (key: 'circuit_id' | 'remote_id', text: string): string =>
      this.#readHex(document, ['switch_port', key], text, key.replace('_', '-'));
    return {
      ...(circuit !== undefined && { circuitId: read('circuit_id', circuit) }),
      ...(remote !== undefined && { remoteId: read('remote_id', remote) }),
    };
  }

  /** Octets in hex as DHCP compares them: in lower case, without what separates them. */
  #readHex(document: YamlDocument, path: readonly PropertyKey[], text: string, what: string): string {
    const hex = text.replace(/[:\s-]/g, '').toLowerCase();
    if (!/^([0-9a-f]{2})+$/.test(hex)) this.#report(document, path, `"${text}" is not a ${what} in hex`);
    return hex;
  }

  #report(document: YamlDocument, path: readonly PropertyKey[], message: string): void {
    this.problems.push({ file: document.file, ...document.placeOf(path), message });
  }
}

/** The problem of a template, whose names are relative to profiles/. */
export function templateProblem(error: TemplateError): Problem {
  return {
    file: `profiles/${error.template}`,
    ...(error.line !== undefined && { line: error.line, column: error.column ?? 1 }),
    message: error.message,
  };
}

function decodeTemplate(name: string, bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new TemplateError(name, 'this is not UTF-8; save the file in that encoding');
  }
}

function asList(value: string | readonly string[]): readonly string[] {
  return typeof value === 'string' ? [value] : value;
}
