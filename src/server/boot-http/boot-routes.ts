import type { Readiness } from '../../host/readiness.ts';
import type { BootProgramFile } from '../../host/boot-program-files.ts';
import { type Answer, notYet, refuse, text } from './answer.ts';
import { type OpenAsset, openAsset, openTrusted } from './asset-files.ts';
import type { BootAnswers } from './boot-answers.ts';
import type { BootRequest } from './boot-request.ts';
import type { DocumentLife } from './document-life.ts';
import type { Exchange, Outcome } from './exchange.ts';
import type { GrubConfigFiles } from './grub-config-files.ts';
import type { MachineHistory } from './machine-history.ts';
import type { Route } from './route-table.ts';
import type { ScriptLife } from './script-life.ts';
import { takeReport, type TakeReportParts } from './take-report.ts';

/** What the routes of the boot plane depend on. */
export interface BootRouteParts {
  readonly answers: BootAnswers;
  readonly scripts: ScriptLife;
  readonly documents: DocumentLife;
  readonly grubConfigs: GrubConfigFiles;
  /** Whether machines can be served and, if not, the reason. */
  readonly readiness: () => Pick<Readiness, 'ready' | 'reasons'>;
  /** The directory behind `/assets/`. */
  readonly assets: string;
  /** The files of `/boot/` by name, for UEFI HTTP Boot. */
  readonly bootPrograms: ReadonlyMap<string, BootProgramFile>;
  /** Why the machine at an address gets no boot program; undefined if it may get one. */
  readonly withhold: (address: string) => string | undefined;
  readonly history: MachineHistory;
  readonly reporting: TakeReportParts;
  /** Monotonic milliseconds. */
  readonly nowMs: () => number;
}

const READ = ['GET', 'HEAD'];
const ASSETS = '/assets/';
const PROGRAMS = '/boot/';
const NOT_READY_RETRY_SECONDS = 5;

/** The routes of the boot plane; paths that Matchbox has too have the same names. */
export function bootRoutes(parts: BootRouteParts): readonly Route[] {
  const {
    answers,
    assets,
    bootPrograms,
    documents,
    grubConfigs,
    history,
    readiness,
    reporting,
    scripts,
    withhold,
  } = parts;
  const rendered = (
    path: string,
    render: (read: BootRequest) => Answer | Promise<Answer>,
    pattern?: RegExp,
  ): Route => ({
    name: path,
    methods: READ,
    path: pattern ?? path,
    handle: (exchange) => {
      const answer = render(exchange.read);
      if (!(answer instanceof Promise)) return sendAndRecord(exchange, history, answer);
      return answer.then((later) => sendAndRecord(exchange, history, later));
    },
  });
  const files = (prefix: string, open: (name: string) => Promise<OpenAsset | undefined>): Route => ({
    name: prefix,
    methods: READ,
    path: new RegExp(`^${prefix}`),
    handle: async (exchange) => {
      const asset = await open(exchange.read.path.slice(prefix.length));
      return asset && sendFileAndRecord(exchange, parts, asset);
    },
  });
  const openProgram = async (name: string): Promise<OpenAsset | undefined> => {
    const program = bootPrograms.get(name);
    return program && openTrusted(program.file, program.name);
  };
  return [
    { name: '/', methods: READ, path: '/', handle: (exchange) => exchange.send(text('railhead\n')) },
    {
      name: '/healthz',
      methods: READ,
      path: '/healthz',
      handle: (exchange) => exchange.send(text('ok\n')),
    },
    {
      name: '/readyz',
      methods: READ,
      path: '/readyz',
      handle: (exchange) => {
        const { ready, reasons } = readiness();
        return exchange.send(ready ? text('ready\n') : notYet(reasons.join('\n'), NOT_READY_RETRY_SECONDS));
      },
    },
    rendered('/boot.ipxe', (read) => answers.bootScript(read)),
    rendered('/boot.ipxe.0', (read) => answers.bootScript(read)),
    rendered('/ipxe', (read) => scripts.answer(read, 'ipxe')),
    rendered('/grub', (read) => scripts.answer(read, 'grub')),
    rendered('/ignition', (read) => documents.answer(read, 'ignition')),
    rendered('/generic', (read) => documents.answer(read, 'generic')),
    rendered('/metadata', (read) => documents.answer(read, 'metadata')),
    {
      name: '/report',
      methods: ['POST'],
      path: '/report',
      handle: (exchange) => takeReport(exchange, reporting),
    },
    files(ASSETS, (name) => openAsset(assets, name)),
    {
      name: PROGRAMS,
      methods: READ,
      path: /^\/boot\//,
      // Firmware that gets 404 goes on to its next boot device.
      handle: (exchange) => {
        const { path, remoteAddress } = exchange.read;
        const reason = bootPrograms.has(path.slice(PROGRAMS.length)) ? withhold(remoteAddress) : undefined;
        return reason === undefined ? undefined : exchange.send(refuse(404, reason));
      },
    },
    files(PROGRAMS, openProgram),
    // iPXE since 2.0 requests this file from the place where it was loaded, and waits if there is no answer.
    rendered('autoexec.ipxe', (read) => answers.bootScript(read), /\/autoexec\.ipxe$/),
    {
      name: 'grub.cfg',
      methods: READ,
      path: /\/grub\.cfg[0-9a-f-]*$/i,
      handle: (exchange) => {
        const answer = grubConfigs.find(exchange.read);
        return answer && sendAndRecord(exchange, history, answer);
      },
    },
    {
      name: ASSETS,
      methods: READ,
      path: new RegExp(`^${ASSETS}`),
      // A missing kernel or initrd ends the boot, so it is recorded in the machine's history; also when firmware asks
      // only for the size, by HEAD, and gives up at the answer.
      handle: (exchange) => {
        const answer = missingAsset(exchange.read.path);
        history.record(exchange.read, answer.event);
        return exchange.send(answer);
      },
    },
  ];
}

function missingAsset(path: string): Answer & { readonly event: NonNullable<Answer['event']> } {
  const event = {
    kind: 'http.asset_missing',
    summary: `file not found: ${path}`,
    detail: { path },
  } as const;
  return { ...refuse(404, `there is no file ${path}`), event };
}

/** Sends a rendered answer, and records it in the machine's history. */
function sendAndRecord(exchange: Exchange, history: MachineHistory, answer: Answer): Outcome {
  const outcome = exchange.send(answer);
  const { event } = answer;
  // What was refused was tried, also by HEAD.
  if (event !== undefined && (exchange.read.method !== 'HEAD' || event.kind === 'access.refused')) {
    history.record(exchange.read, event);
  }
  return outcome;
}

async function sendFileAndRecord(
  exchange: Exchange,
  { history, nowMs }: BootRouteParts,
  asset: OpenAsset,
): Promise<Outcome> {
  const startedMs = nowMs();
  const sent = await exchange.sendFile(asset);
  if (exchange.read.method === 'GET' && sent.size > 0) history.recordFile(exchange.read, sent, startedMs);
  return { status: sent.status };
}
