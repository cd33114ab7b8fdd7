import type { Ipv4Address } from '../../protocol/ipv4-address.ts';
import type { ArmPurpose, Life, LifeSession, TokenUse } from '../machines/lifecycle/life.ts';
import { CONFIG_ALLOWED } from '../machines/lifecycle/rule-sets.ts';
import type { Sender } from '../machines/sender.ts';

/**
 * What a machine can ask for with a token of its boot session. `installed ignition` is the config of the system that an
 * installer writes to the disk; `generic NAME` is one generic template.
 */
export type SessionDocument = 'ignition' | 'installed ignition' | 'metadata' | `generic ${string}` | 'report';

/**
 * The token in a request, as it was recognised by its hash: one of the tokens of the machine's latest session by its
 * use, a token of an `earlier` session of this machine, a token of `another_machine`, one that is `unknown`, or `none`.
 */
export type PresentedToken = TokenUse | 'none' | 'earlier' | 'another_machine' | 'unknown';

/** What is wrong with a request for something protected, so that an operator should know of it. */
export const TOKEN_ALARMS = [
  /** The request came from a network card of another machine. */
  'foreign_sender',
  /** It is not known which network card sent it. */
  'unknown_sender',
  'no_token',
  'unknown_token',
  'another_machines_token',
  /** A token that is for something else, as that of reports for a config. */
  'wrong_use',
  /** The document was fetched before, and the time for retries is over. */
  'used',
  /** The token's boot is over, or the arm has expired. */
  'expired',
  /** It was answered, but it came from another address than the request for the script. */
  'other_address',
] as const;
export type TokenAlarm = (typeof TOKEN_ALARMS)[number];

/** A request for a protected document. */
export interface TokenQuestion {
  readonly life: Life;
  readonly document: SessionDocument;
  readonly token: PresentedToken;
  readonly sender: Sender;
  /** The source address; undefined if it is not IPv4. */
  readonly address: Ipv4Address | undefined;
  /** Milliseconds since 1970. */
  readonly nowMs: number;
  /** How long a document may be fetched again after it was fetched first, in milliseconds. */
  readonly graceMs: number;
}

/** Why a machine does not get what it asks for. */
export interface AccessRefusal {
  readonly kind: 'refused';
  /** 403: never in this way. 503: not now; Ignition asks again. */
  readonly status: 403 | 503;
  readonly reason: string;
  readonly alarm?: TokenAlarm;
}

/** Whether the document may be sent. */
export type TokenVerdict =
  | {
      readonly kind: 'allowed';
      /** The session, with the document noted in it. */
      readonly session: LifeSession;
      /** Whether it is fetched for the first time, so that the session must be stored before the answer. */
      readonly first: boolean;
      readonly alarm?: Extract<TokenAlarm, 'other_address'>;
    }
  | AccessRefusal;

/** The tokens with which a document may be fetched. */
function usesOf(document: SessionDocument): readonly TokenUse[] {
  switch (document) {
    case 'ignition':
      return ['boot'];
    case 'installed ignition':
      return ['installed'];
    case 'report':
      return ['report'];
    default:
      // The installed system's config may refer to them, and is rendered for the holder of its own token alone.
      return ['boot', 'installed'];
  }
}

const INSTALLED_CONFIG = 'installed ignition' satisfies SessionDocument;
const INSTALLS: ReadonlySet<ArmPurpose> = new Set(['install', 'reset']);

/**
 * Decides whether a machine may have a protected document: only within the boot session that its token belongs to, once,
 * and again within the grace. There is no other way to it: neither a MAC address nor an address is ever enough.
 */
export function decideByToken(question: TokenQuestion): TokenVerdict {
  return question.document === 'report' ? decideReport(question) : decideConfig(question);
}

/** A report needs the session's token and nothing else: it may come when the arm has expired or the boot has failed. */
function decideReport({ life, sender, token }: TokenQuestion): TokenVerdict {
  const { machineId, session, state } = life;
  if (sender === 'foreign') return foreignSender(machineId);
  if (state === 'retired') return { kind: 'refused', status: 403, reason: `machine ${machineId} is retired` };
  if (session === undefined || token !== 'report') return refuseToken(life, token);
  return { kind: 'allowed', session, first: false };
}

function decideConfig(question: TokenQuestion): TokenVerdict {
  const { document, life, nowMs, sender, token } = question;
  const { arm, conditions, machineId, session, state } = life;
  if (sender === 'foreign') return foreignSender(machineId);
  if (sender === 'unknown') return unknownSender(machineId);
  if (state === 'retired') return { kind: 'refused', status: 403, reason: `machine ${machineId} is retired` };
  const isUse = token === 'boot' || token === 'installed' || token === 'report';
  if (token !== 'none' && !isUse) return refuseToken(life, token);
  if (conditions.held !== undefined) return notNow(life);
  if (session === undefined || !(isSessionOf(life, session) || isFirstStart(question, session))) {
    if (token !== 'none') return expired(`the boot of machine ${machineId} that this token is for is over`);
    return notNow(life);
  }
  if (token === 'none') return refuseToken(life, token);
  if (!usesOf(document).includes(token)) return refuseToken(life, token);
  if (document === INSTALLED_CONFIG && !INSTALLS.has(session.purpose)) return refuseToken(life, token);
  if (arm !== undefined && arm.expiresAtMs <= nowMs)
    return expired(`the arm of machine ${machineId} has expired`);
  return decideUse(question, session);
}

/** Whether configs may be fetched now, and the session is the one of the present boot. */
function isSessionOf({ purpose, state }: Life, session: LifeSession): boolean {
  if (!CONFIG_ALLOWED.has(state)) return false;
  switch (state) {
    case 'live':
      return session.purpose === 'live';
    case 'rescue':
      return session.purpose === 'rescue';
    default:
      return purpose === session.purpose;
  }
}

/**
 * Whether the installed system starts for the first time: its config may refer to metadata and generic templates, which
 * it fetches with the token that this config has. That ends when it has reported that it is up.
 */
function isFirstStart({ document, life, token }: TokenQuestion, session: LifeSession): boolean {
  const isPart = document === 'metadata' || document.startsWith('generic ');
  const hasConfig = session.fetchedAtMs[INSTALLED_CONFIG] !== undefined;
  return life.state === 'installed' && !life.confirmed && token === 'installed' && isPart && hasConfig;
}

function decideUse(
  { address, document, graceMs, nowMs, token }: TokenQuestion,
  session: LifeSession,
): TokenVerdict {
  const alarm = address === session.address ? {} : { alarm: 'other_address' as const };
  // The installer and the system that it installs may each fetch the metadata.
  const use = token === 'installed' && document !== INSTALLED_CONFIG ? `installed ${document}` : document;
  const fetchedAtMs = session.fetchedAtMs[use];
  if (fetchedAtMs === undefined) {
    const noted = { ...session, fetchedAtMs: { ...session.fetchedAtMs, [use]: nowMs } };
    return { kind: 'allowed', session: noted, first: true, ...alarm };
  }
  // A clock that is set back must not open the time for retries again.
  if (Math.abs(nowMs - fetchedAtMs) <= graceMs) return { kind: 'allowed', session, first: false, ...alarm };
  const reason =
    'this was fetched before with this token, and the time for retries is over: restart the machine';
  return { kind: 'refused', status: 403, reason, alarm: 'used' };
}

/** The refusal of a request that may be granted later. */
export function notNow(life: Life): AccessRefusal {
  return { kind: 'refused', status: 503, reason: `machine ${life.machineId} ${whyNoConfig(life)}` };
}

function whyNoConfig({ conditions, purpose, state }: Life): string {
  if (conditions.held !== undefined) return `is held: ${conditions.held.message}`;
  switch (state) {
    case 'discovered':
      return 'is not approved';
    case 'failed':
      return 'has failed';
    case 'armed':
      return 'has not got its boot script yet';
    case 'booting':
      return purpose === undefined ? 'is not armed' : 'has not got its boot script yet';
    default:
      return 'is not armed';
  }
}

/** The refusal of a request that another machine's network card sent. */
export function foreignSender(machineId: string): AccessRefusal {
  const reason = `this request came from a network card that is not one of machine ${machineId}: if it is, add its MAC address to the machine's record`;
  return { kind: 'refused', status: 403, reason, alarm: 'foreign_sender' };
}

/** The refusal of a request of which it is not known who sent it. */
export function unknownSender(machineId: string): AccessRefusal {
  const reason = `it is not known which network card sent this request, so it is not known to be machine ${machineId}: it needs an address that Railhead leases, or must be on a network that this server is on, and its record must have its MAC address`;
  return { kind: 'refused', status: 403, reason, alarm: 'unknown_sender' };
}

function expired(reason: string): AccessRefusal {
  return { kind: 'refused', status: 403, reason, alarm: 'expired' };
}

/** The refusal of a token that does not permit what is asked for. */
function refuseToken({ machineId }: Life, token: PresentedToken): AccessRefusal {
  switch (token) {
    case 'none':
      return {
        kind: 'refused',
        status: 403,
        reason: `this needs the token of the machine's boot session: use the URLs that the template variables give, as ignition_url`,
        alarm: 'no_token',
      };
    case 'another_machine':
      return {
        kind: 'refused',
        status: 403,
        reason: `this is not a token of machine ${machineId}`,
        alarm: 'another_machines_token',
      };
    case 'earlier':
      return expired(`this token is of an earlier boot of machine ${machineId}`);
    case 'unknown':
      return {
        kind: 'refused',
        status: 403,
        reason: `this is not a token of machine ${machineId}`,
        alarm: 'unknown_token',
      };
    default:
      return { kind: 'refused', status: 403, reason: 'this token is for something else', alarm: 'wrong_use' };
  }
}
