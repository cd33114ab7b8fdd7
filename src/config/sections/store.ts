import { z } from 'zod';
import { filePath } from './values.ts';

const DEFAULT_FILE = 'data/railhead.db';

/** `store`: where Railhead keeps its data. */
export const store = z
  .strictObject({
    file: filePath
      .prefault(DEFAULT_FILE)
      .describe('The SQLite database with leases, machines, boot events and the last good catalog.'),
    url: z
      .string()
      .superRefine((text, context) => {
        const problem = problemOfUrl(text);
        if (problem !== undefined) context.addIssue(problem);
      })
      .optional()
      .describe(
        'A PostgreSQL database (15 or later) in place of `file`. The password is not part of it: see `password_file`.',
      )
      .meta({ example: 'postgres://railhead@db1.example.com/railhead' }),
    password_file: filePath
      .optional()
      .describe(
        'File with the password for `url`. Without it, Railhead uses the environment variable `PGPASSWORD` or the file `~/.pgpass`, as every PostgreSQL client does.',
      )
      .meta({ example: '/etc/railhead/store-password' }),
    synchronous: z
      .enum(['full', 'normal'])
      .prefault('full')
      .describe(
        '`full`: an acknowledged lease survives a power cut. `normal`: it survives a crash of the process, but not always a power cut; answers are faster.',
      ),
    discovered_max: z
      .int()
      .min(1)
      .prefault(50_000)
      .describe('The most discovered machines that are kept. Those seen longest ago are deleted first.'),
    event_days: z.int().min(1).prefault(90).describe('How many days boot events are kept.'),
    events_max: z
      .int()
      .min(1)
      .prefault(5_000_000)
      .describe(
        'The most boot events that are kept. The oldest are deleted first. Five million take about 2 GB, and are about 30 boots of 10,000 machines.',
      ),
    session_days: z.int().min(1).prefault(90).describe('How many days boot sessions are kept.'),
    sessions_max: z
      .int()
      .min(1)
      .prefault(500_000)
      .describe(
        'The most boot sessions that are kept. The oldest are deleted first. They take about 1 kB each.',
      ),
    report_days: z
      .int()
      .min(1)
      .prefault(365)
      .describe(
        'How many days the reports of machines are kept, and the history of their hardware. What a declared machine last reported of its hardware is always kept.',
      ),
    reports_max: z
      .int()
      .min(1)
      .prefault(500_000)
      .describe(
        'The most reports that are kept, and the most changes of hardware. The oldest are deleted first. A report takes about 200 bytes, and one with a log up to 60 kB.',
      ),
    life_days: z
      .int()
      .min(1)
      .prefault(90)
      .describe(
        'How many days the state of a machine is kept after its last change if nobody has declared, held, locked, rejected or armed it.',
      ),
    transition_days: z
      .int()
      .min(1)
      .prefault(90)
      .describe(
        'How many days transitions are kept: the numbered log of machines that were declared, discovered, changed and removed.',
      ),
    transitions_max: z
      .int()
      .min(1)
      .prefault(1_000_000)
      .describe(
        'The most transitions that are kept. The oldest are deleted first. A million take about 150 MB.',
      ),
  })
  .superRefine(({ file, password_file: passwordFile, url }, context) => {
    // A setting that is written with its default value counts as not set.
    if (file !== DEFAULT_FILE && url !== undefined) {
      context.addIssue({
        code: 'custom',
        path: ['url'],
        message: 'the store is either a file or at a url: remove one of store.file and store.url',
      });
    }
    if (passwordFile !== undefined && url === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['password_file'],
        message: 'a password is for store.url, which is not set',
      });
    }
  })
  .prefault({});

/** The place of the store, for opening it. */
export function toStoreSettings({
  file,
  password_file: passwordFile,
  synchronous,
  url,
}: z.output<typeof store>) {
  return url === undefined ? { file, synchronous } : { url, passwordFile, synchronous };
}

/** The message never repeats the text, which may contain a password. */
function problemOfUrl(text: string): string | undefined {
  let url: URL;
  try {
    // With a Unix socket there is a user and no host (postgres://user@/database?host=FOLDER): PostgreSQL accepts this,
    // but URL does not.
    url = new URL(text.replace('@/', '@localhost/'));
  } catch {
    return 'this is not a URL: write it as postgres://user@host/database';
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:') {
    return 'the URL of a PostgreSQL database begins with postgres://';
  }
  if (url.password !== '' || url.searchParams.has('password')) {
    return 'the URL must not have a password in it: write that into a file and name it in store.password_file';
  }
  if (url.pathname.length < 2) return 'the URL names no database: write it as postgres://user@host/database';
  return undefined;
}
