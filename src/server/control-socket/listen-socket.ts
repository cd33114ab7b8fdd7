import { chmodSync, mkdirSync, statSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import path from 'node:path';

/** Length of `sun_path` without its final zero byte (unix(7)). */
const PATH_BYTES_MAX = 107;
const OWNER_ONLY = 0o600;
const OTHERS = 0o177;

/**
 * Lets a server listen on a Unix socket that only the owner of this process can open. A socket that an ended process
 * left behind is replaced. Rejects with an Error that names the setting, the file and what to do.
 */
export async function listenOnSocket(server: Server, setting: string, file: string): Promise<void> {
  if (Buffer.byteLength(file) > PATH_BYTES_MAX) {
    throw new Error(
      `${setting}: the path ${file} is longer than the ${PATH_BYTES_MAX} bytes that a Unix socket may have; name a shorter one`,
    );
  }
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o750 });
    await removeStale(file);
    await listen(server, file);
  } catch (error) {
    const { message } = error as Error;
    throw new Error(`${setting}: cannot listen on the socket ${file}: ${message}`, { cause: error });
  }
}

async function listen(server: Server, file: string): Promise<void> {
  // The socket is created within `listen`; there must be no moment at which others can open it.
  const before = process.umask(OTHERS);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(file, () => {
        server.off('error', reject);
        resolve();
      });
      process.umask(before);
    });
  } finally {
    process.umask(before);
  }
  chmodSync(file, OWNER_ONLY);
}

async function removeStale(file: string): Promise<void> {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isSocket())
    throw new Error('there is a file of this name that is not a socket; remove or rename it');
  if (await isAnswered(file)) throw new Error('another process answers there; is Railhead running already?');
  unlinkSync(file);
}

function isAnswered(file: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(file);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
