import type { Place } from '../documents/yaml-documents.ts';
import type { Profile } from '../provision/rendering/profile.ts';
import { TemplateError } from '../provision/rendering/template-error.ts';
import type { Template } from '../provision/rendering/template.ts';
import type { SourceTemplate, TemplateLibrary } from './template-library.ts';

/** A profile as it was read, in a form that can be sent to another thread. */
export interface ProfileRecord {
  readonly profile: Profile;
  /** The file that defines it, below the catalog's directory. */
  readonly file: string;
  /** The places of the values that are templates, for errors that rendering finds in them. */
  readonly places: {
    readonly kernel?: Place;
    readonly initrd: readonly Place[];
    readonly args: readonly Place[];
  };
}

/** A profile whose templates are compiled when they are first needed. */
export interface CompiledProfile {
  readonly profile: Profile;
  readonly boot:
    | {
        readonly kernel: Template;
        readonly initrd: readonly Template[];
        readonly args: readonly Template[];
      }
    | undefined;
  readonly ignition: readonly SourceTemplate[];
  readonly generic: ReadonlyMap<string, Template>;
}

/** Creates a profile from its record. Its properties throw TemplateError for templates that cannot be compiled. */
export function compileProfile(record: ProfileRecord, templates: TemplateLibrary): CompiledProfile {
  const { places, profile } = record;
  const file = record.file.replace(/^profiles\//, '');
  let boot: CompiledProfile['boot'];
  let generic: ReadonlyMap<string, Template> | undefined;
  let ignition: readonly SourceTemplate[] | undefined;
  const inline = (field: string, source: string, place: Place | undefined): Template =>
    inlineTemplate({ file, field, place }, source, templates);
  return {
    profile,
    get boot() {
      const settings = profile.boot;
      if (settings === undefined) return undefined;
      boot ??= {
        kernel: inline('boot.kernel', settings.kernel, places.kernel),
        initrd: settings.initrd.map((text, index) =>
          inline(`boot.initrd.${index}`, text, places.initrd[index]),
        ),
        args: settings.args.map((text, index) => inline(`boot.args.${index}`, text, places.args[index])),
      };
      return boot;
    },
    get ignition() {
      ignition ??= profile.ignition.map((name) => templates.file(name));
      return ignition;
    },
    get generic() {
      generic ??= new Map(
        Object.entries(profile.generic).map(([name, template]) => [name, templates.file(template)]),
      );
      return generic;
    },
  };
}

/** A template that is a value in the profile itself; its errors are placed at that value. */
function inlineTemplate(
  {
    field,
    file,
    place,
  }: { readonly file: string; readonly field: string; readonly place: Place | undefined },
  source: string,
  templates: TemplateLibrary,
): Template {
  const attempt = <T>(action: () => T): T => {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      const [first = error, ...further] = error
        .all()
        .map((fault) => new TemplateError(file, `${field}: ${fault.message}`, place));
      throw first.with(further);
    }
  };
  const template = attempt(() => templates.inline(source));
  return { name: file, render: (variables) => attempt(() => template.render(variables)) };
}
