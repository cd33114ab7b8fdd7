import { Argument, type Command } from 'commander';
import { layersOf, PREVIEW_KINDS, type PreviewKind, renderPreview } from '../catalog/render-preview.ts';
import { printableText } from '../provision/history/printable-text.ts';
import { claimsOfLabels } from '../provision/selection/labels.ts';
import { TemplateError } from '../provision/rendering/template-error.ts';
import { addMachineQuery, loadOrReport, type MachineQuery, toLabels, toRawQuery } from './machine-query.ts';

interface RenderOptions {
  readonly name?: string;
  readonly url: string;
  readonly rendered?: boolean;
}

/** `railhead render KIND`: what a machine would be given, from files, without a server. */
export function registerRender(program: Command): void {
  addMachineQuery(
    program
      .command('render')
      .description('print what a machine would be given')
      .addArgument(new Argument('<kind>', 'what to render').choices(PREVIEW_KINDS)),
  )
    .option('--name <name>', 'which generic template, where the profile has several')
    .option(
      '--url <url>',
      'origin of the boot plane, for URLs in the answer',
      'http://railhead.example.com:8080',
    )
    .option(
      '--rendered',
      'for ignition: print the text of each template after it was rendered, and do not compile it',
    )
    .action(async (kind: PreviewKind, options: MachineQuery & RenderOptions) => {
      const catalog = await loadOrReport(options);
      if (catalog === undefined) return;
      const { generation, machines } = catalog;
      const claimed = toLabels(options);
      const { match, ...resolution } = generation.resolve(
        claimed,
        machines.identify(claimsOfLabels(claimed)),
      );
      if (resolution.problem !== undefined) {
        fail(`this machine waits: ${resolution.problem}`);
        return;
      }
      if (match === undefined) {
        fail('no group selects this machine; `railhead explain` with the same options says why');
        return;
      }
      if (options.rendered === true && kind !== 'ignition') {
        process.stderr.write(
          '--rendered is for `railhead render ignition`; other kinds are rendered as they are\n',
        );
        process.exitCode = 2;
        return;
      }
      try {
        const context = { origin: options.url.replace(/\/$/, ''), rawQuery: toRawQuery(options) };
        if (options.rendered === true) {
          process.stdout.write(layersOf(generation.ignitionSources({ ...resolution, match }, context)) ?? '');
          return;
        }
        const rendered = renderPreview(generation, kind, { ...resolution, match }, context, options.name);
        if (rendered === undefined)
          fail(`profile ${match.compiled.profile.id} has nothing to render for ${kind}`);
        else process.stdout.write(rendered.endsWith('\n') ? rendered : `${rendered}\n`);
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        for (const fault of error.all()) fail(`profiles/${fault.describe()}`);
      }
    });
}

function fail(message: string): void {
  process.stderr.write(`${printableText(message)}\n`);
  process.exitCode = 1;
}
