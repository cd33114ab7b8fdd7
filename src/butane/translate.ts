import type { Config, ConfigObject, Luks, PasswdUser } from '../ignition/config.ts';
import { escapedDataUrl } from '../ignition/data-url.ts';
import { decodeUtf8 } from '../ignition/go-text.ts';
import type { SpecVersion } from '../ignition/spec-version.ts';
import { addBootDevice } from './sugar/boot-device.ts';
import type { BootDevice } from './sugar/boot-device.ts';
import { readLocal } from './butane-files.ts';
import type { DecodedObject, DecodedValue } from './decode.ts';
import { encodeContents } from './encode-contents.ts';
import { addGrubUsers } from './sugar/grub.ts';
import type { Grub } from './sugar/grub.ts';
import { MESSAGES } from './messages.ts';
import { addMountUnits } from './sugar/mount-units.ts';
import { Translations } from './provenance.ts';
import type { Traced } from './provenance.ts';
import { addQuadlets } from './sugar/quadlets.ts';
import type { Quadlet } from './sugar/quadlets.ts';
import type { ButaneStruct } from './schema.ts';
import type { TranslationContext } from './translation-context.ts';
import { addTrees } from './sugar/trees.ts';
import type { Tree } from './sugar/trees.ts';
import type { ButaneFilesystem, ButaneResource } from './sugared.ts';

/**
 * Translates a decoded document, which must have passed validation, into an Ignition configuration, and records where
 * every part of it comes from. Errors are reported in the context; after an error the result must not be used.
 */
export function translateDocument(
  document: DecodedObject,
  schema: ButaneStruct,
  context: TranslationContext,
): Traced {
  const translations = new Translations();
  translations.add(['version'], ['ignition', 'version']);
  const plain = new Translator(context, translations).root(document, schema);
  const storage = (document['storage'] ?? {}) as {
    filesystems?: ButaneFilesystem[];
    luks?: Luks[];
    trees?: Tree[];
  };
  const systemd = (document['systemd'] ?? {}) as { quadlets?: Quadlet[] };

  const mounted = addMountUnits(
    storage.filesystems ?? [],
    storage.luks ?? [],
    { config: plain, provenance: translations },
    context.spec,
  );
  const embedded = new Translations(mounted.provenance);
  let { config } = mounted;
  config = addTrees(storage.trees ?? [], config, embedded, context);
  config = addQuadlets(systemd.quadlets ?? [], config, embedded, context);
  return { config, provenance: embedded };
}

/** Adds what the sections of fcos expand to; Butane adds its warnings between the two steps. */
export function translateBootSections(
  document: DecodedObject,
  base: Traced,
  spec: SpecVersion,
): { readonly withBootDevice: Traced; readonly complete: Traced } {
  const withBootDevice = addBootDevice((document['boot_device'] ?? {}) as BootDevice, base, spec);
  const complete = addGrubUsers((document['grub'] ?? {}) as Grub, withBootDevice, spec);
  return { withBootDevice, complete };
}

/** Copies the parts that Ignition has too, and expands the sugar inside structs. */
class Translator {
  readonly #context: TranslationContext;
  readonly #translations: Translations;
  /** The path of the value under translation, in the document and in the configuration. */
  readonly #from: (string | number)[] = [];
  readonly #to: (string | number)[] = [];

  constructor(context: TranslationContext, translations: Translations) {
    this.#context = context;
    this.#translations = translations;
  }

  root(document: DecodedObject, schema: ButaneStruct): Config {
    const config = this.#struct(document, schema) as Config;
    return { ...config, ignition: { ...config.ignition, version: this.#context.spec } };
  }

  #struct(value: DecodedObject, schema: ButaneStruct): ConfigObject {
    const result: ConfigObject = {};
    for (const field of schema.fields) {
      const inner = value[field.name];
      if (inner === undefined || field.sugar) continue;
      if (field.kind === 'struct') {
        this.#enter(field.key, field.name);
        result[field.name] = this.#struct(inner as DecodedObject, field.struct);
        this.#leave();
      } else if (field.kind === 'list' && field.item) {
        this.#enter(field.key, field.name);
        result[field.name] = this.#items(inner as DecodedObject[], field.item);
        this.#leave();
      } else {
        result[field.name] = inner;
      }
    }
    this.#addSugar(value, schema.goName, result);
    return result;
  }

  #items(items: readonly DecodedObject[], schema: ButaneStruct): ConfigObject[] {
    return items.map((item, index) => {
      this.#enter(index, index);
      const translated = this.#struct(item, schema);
      this.#leave();
      return translated;
    });
  }

  #addSugar(value: DecodedObject, goName: string, result: ConfigObject): void {
    switch (goName) {
      case 'FileContents':
        this.#addInline(value['inline'], result);
        break;
      case 'Resource':
        this.#addContents(value, result);
        break;
      case 'PasswdUser':
        this.#addKeys((value['ssh_authorized_keys_local'] ?? []) as string[], result);
        break;
      case 'Unit':
      case 'Dropin':
        this.#addLocalText(value['contents_local'], result);
    }
  }

  /** Before resources had a compression field, contents were escaped and never compressed. */
  #addInline(inline: DecodedValue | undefined, result: ConfigObject): void {
    if (typeof inline !== 'string') return;
    result['source'] = escapedDataUrl(Buffer.from(inline, 'utf8'));
    this.#trace('inline', 'source');
  }

  #addContents({ inline, local }: ButaneResource, result: ConfigObject): void {
    const key = local === undefined ? 'inline' : 'local';
    let bytes: Uint8Array | undefined;
    if (local !== undefined) bytes = this.#readLocal(local, 'local');
    else if (inline !== undefined) bytes = Buffer.from(inline, 'utf8');
    if (!bytes) return;
    const { source, compression } = encodeContents(bytes, result['compression'] as string | undefined);
    result['source'] = source;
    this.#trace(key, 'source');
    if (compression === undefined) return;
    result['compression'] = compression;
    this.#trace(key, 'compression');
  }

  #addKeys(paths: readonly string[], result: PasswdUser): void {
    if (paths.length === 0) return;
    const key = 'ssh_authorized_keys_local';
    this.#trace(key, 'sshAuthorizedKeys');
    if (!this.#context.files) {
      this.#context.error(MESSAGES.noFilesDirectory, [...this.#from, key]);
      return;
    }
    const keys = [...(result.sshAuthorizedKeys ?? [])];
    for (const [index, path] of paths.entries()) {
      const bytes = this.#readLocal(path, key, index);
      if (!bytes) continue;
      for (const line of textOf(bytes).split(/\r?\n/)) {
        if (line === '') continue;
        this.#translations.add([...this.#from, key, index], [...this.#to, 'sshAuthorizedKeys', keys.length]);
        keys.push(line);
      }
    }
    result.sshAuthorizedKeys = keys;
  }

  #addLocalText(path: DecodedValue | undefined, result: ConfigObject): void {
    if (typeof path !== 'string' || path === '') return;
    const bytes = this.#readLocal(path, 'contents_local');
    if (!bytes) return;
    result['contents'] = textOf(bytes);
    this.#trace('contents_local', 'contents');
  }

  #readLocal(path: string, ...below: (string | number)[]): Uint8Array | undefined {
    const { files, containment } = this.#context;
    return this.#context.embed([...this.#from, ...below], () => readLocal(path, files, containment));
  }

  #trace(key: string, name: string): void {
    this.#translations.add([...this.#from, key], [...this.#to, name]);
  }

  #enter(key: string | number, name: string | number): void {
    this.#from.push(key);
    this.#to.push(name);
  }

  #leave(): void {
    this.#from.pop();
    this.#to.pop();
  }
}

function textOf(bytes: Uint8Array): string {
  return decodeUtf8(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}
