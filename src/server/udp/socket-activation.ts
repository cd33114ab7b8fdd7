/** A socket that systemd opened for us. */
export interface PassedSocket {
  readonly fd: number;
  /** FileDescriptorName= of the socket unit; '' without one. */
  readonly name: string;
}

/** What systemd tells a service about its sockets in environment variables (sd_listen_fds(3)). */
export interface ActivationEnvironment {
  readonly LISTEN_FDS?: string | undefined;
  readonly LISTEN_PID?: string | undefined;
  readonly LISTEN_FDNAMES?: string | undefined;
}

/** The first descriptor after standard input, output and error (SD_LISTEN_FDS_START). */
const FIRST_FD = 3;
const SOCKETS_MAX = 1024;

/**
 * The sockets that systemd passed to the process `pid`; none if it passed none, or passed them to another process.
 * Throws RangeError for an invalid LISTEN_FDS.
 */
export function readPassedSockets(environment: ActivationEnvironment, pid: number): PassedSocket[] {
  const { LISTEN_FDNAMES, LISTEN_FDS, LISTEN_PID } = environment;
  if (LISTEN_FDS === undefined || LISTEN_PID !== String(pid)) return [];
  const count = Number(LISTEN_FDS);
  if (!Number.isInteger(count) || count < 0 || count > SOCKETS_MAX) {
    throw new RangeError(`LISTEN_FDS is ${JSON.stringify(LISTEN_FDS)}, which is not a number of sockets`);
  }
  const names = LISTEN_FDNAMES?.split(':') ?? [];
  return Array.from({ length: count }, (_, index) => {
    const name = names[index] ?? '';
    // systemd writes "unknown" for a socket unit without a name.
    return { fd: FIRST_FD + index, name: name === 'unknown' ? '' : name };
  });
}
