import type { Arm, ArmPurpose, Installation, LifeSession } from './life.ts';

/** What can happen in the life of a machine. */
export type LifeEvent =
  /** A file or an inventory declares a machine that was only discovered. */
  | { readonly kind: 'declared' }
  | { readonly kind: 'approve' }
  | { readonly kind: 'reject' }
  | { readonly kind: 'arm'; readonly arm: Arm }
  /** The group's `arm: auto` arms a machine that was never installed. */
  | { readonly kind: 'auto_arm'; readonly arm: Arm }
  | { readonly kind: 'disarm' }
  | { readonly kind: 'arm_expired' }
  /**
   * A script that boots the machine was sent to it. `session`: present if it has tokens. `deadlineMs`: until when the
   * machine must have fetched its config.
   */
  | {
      readonly kind: 'script_served';
      readonly purpose?: ArmPurpose;
      readonly session?: LifeSession;
      readonly deadlineMs?: number;
    }
  /** A machine that is not armed asked for what only an armed one gets. */
  | { readonly kind: 'asked_while_unarmed' }
  /**
   * The first successful fetch of the Ignition config of this boot. `deadlineMs`: until when an installation must be done.
   * `session`: present if it was fetched with a token: the session with that noted.
   */
  | { readonly kind: 'ignition_served'; readonly deadlineMs?: number; readonly session?: LifeSession }
  /** Kernel and initrd of a profile without Ignition config were downloaded. */
  | { readonly kind: 'image_loaded' }
  /** A document was fetched with a token: the session with that noted. */
  | { readonly kind: 'document_fetched'; readonly session: LifeSession }
  /** The machine took another step of its boot. */
  | { readonly kind: 'step' }
  | { readonly kind: 'stall'; readonly message: string }
  | { readonly kind: 'boot_timeout' }
  /** The machine asked for its installer again, has reported nothing, and has no attempts left. */
  | { readonly kind: 'rebooted_without_report' }
  | { readonly kind: 'install_timeout' }
  | { readonly kind: 'report_installed'; readonly installation: Installation }
  | { readonly kind: 'report_up'; readonly configHash?: string }
  | { readonly kind: 'report_failed'; readonly message: string; readonly permanent: boolean }
  /** The installer reported a failure that another try may not have; it tries again by itself, or after a restart. */
  | { readonly kind: 'attempt_failed'; readonly message: string }
  | { readonly kind: 'unrescue' }
  | { readonly kind: 'clear' }
  | { readonly kind: 'loop_detected' }
  | { readonly kind: 'hold'; readonly message: string }
  | { readonly kind: 'release' }
  | { readonly kind: 'lock'; readonly message: string }
  | { readonly kind: 'unlock' }
  | { readonly kind: 'retire' }
  | { readonly kind: 'restore' }
  | { readonly kind: 'adopt' };

export type LifeEventKind = LifeEvent['kind'];

/** Every kind of event. */
export const LIFE_EVENT_KINDS = Object.keys({
  declared: 0,
  approve: 0,
  reject: 0,
  arm: 0,
  auto_arm: 0,
  disarm: 0,
  arm_expired: 0,
  script_served: 0,
  asked_while_unarmed: 0,
  ignition_served: 0,
  image_loaded: 0,
  document_fetched: 0,
  step: 0,
  stall: 0,
  boot_timeout: 0,
  rebooted_without_report: 0,
  install_timeout: 0,
  report_installed: 0,
  report_up: 0,
  report_failed: 0,
  attempt_failed: 0,
  unrescue: 0,
  clear: 0,
  loop_detected: 0,
  hold: 0,
  release: 0,
  lock: 0,
  unlock: 0,
  retire: 0,
  restore: 0,
  adopt: 0,
} satisfies Record<LifeEventKind, 0>) as LifeEventKind[];
