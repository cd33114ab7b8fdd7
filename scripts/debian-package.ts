import { buildProgram } from '../src/cli/program.ts';
import { manualPage } from './manual-page.ts';
import { packageCopyright } from './package-copyright.ts';
import { copyDependencies } from './package-dependencies.ts';

// Makes parts of the Debian package, for deploy/build-deb, in a checkout with its dependencies.

const USAGE = `usage: debian-package.ts dependencies FOLDER | manual VERSION DATE | copyright YEAR [--with-node]\n`;

const [part, ...words] = process.argv.slice(2);
const [first = '', second = ''] = words;
switch (part) {
  case 'dependencies':
    copyDependencies(process.cwd(), first);
    break;
  case 'manual':
    process.stdout.write(manualPage(buildProgram(), { version: first, date: second }));
    break;
  case 'copyright':
    process.stdout.write(packageCopyright(process.cwd(), first, second === '--with-node'));
    break;
  default:
    process.stderr.write(USAGE);
    process.exitCode = 2;
}
