import type { Problem } from '../documents/problem.ts';
import type { YamlDocument } from '../documents/yaml-documents.ts';
import type { Profile } from '../provision/rendering/profile.ts';
import { TemplateError } from '../provision/rendering/template-error.ts';
import { compileTemplate, type FindPartial, type Template } from '../provision/rendering/template.ts';
import type { CatalogFiles } from './catalog-files.ts';
import type { CompiledProfile, SourceTemplate } from './compiled-profile.ts';
import type { ProfileDocument } from './document-schemas.ts';

/** Compiles the profiles of one catalog with their templates, whose problems go to the list it was made with. */
export class ProfileCompiler {
  readonly #files: CatalogFiles;
  readonly #problems: Problem[];
  readonly #templates = new Map<string, SourceTemplate | undefined>();

  constructor(files: CatalogFiles, problems: Problem[]) {
    this.#files = files;
    this.#problems = problems;
  }

  compile(document: YamlDocument, value: ProfileDocument): CompiledProfile {
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
      this.#problems.push({
        file: document.file,
        ...document.placeOf(path),
        message: `there is no template ${file}`,
      });
      return undefined;
    }
    if (this.#templates.has(file)) return this.#templates.get(file);
    let compiled: SourceTemplate | undefined;
    try {
      const source = decodeTemplate(name, bytes);
      compiled = { ...compileTemplate(name, source, this.#findPartial), source };
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      this.#problems.push(...error.all().map(templateProblem));
    }
    this.#templates.set(file, compiled);
    return compiled;
  }

  /** A template that is a value of the profile itself; its errors are placed at that value. */
  #compileInline(document: YamlDocument, source: string, path: readonly PropertyKey[]): Template {
    const name = path.map(String).join('.');
    const rename = (error: unknown): TemplateError => {
      if (!(error instanceof TemplateError)) throw error;
      const file = document.file.replace(/^profiles\//, '');
      const [first = error, ...further] = error
        .all()
        .map((fault) => new TemplateError(file, `${name}: ${fault.message}`, document.placeOf(path)));
      return first.with(further);
    };
    try {
      const template = compileTemplate(name, source, this.#findPartial, 'boot');
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
      this.#problems.push(...rename(error).all().map(templateProblem));
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
