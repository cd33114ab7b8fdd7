import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * For sh: waits for the end of its input, then ends what runs in the namespaces whose names begin with $1, and removes
 * them and the folder $2. A digit after $1 would make it another's.
 */
const CLEAN_UP = `
read -r _
for namespace in $(ip netns list | cut -d ' ' -f 1); do
  case $namespace in "$1"[!0-9]*)
    ip netns pids "$namespace" | xargs -r kill -KILL
    ip netns del "$namespace";;
  esac
done
rm -rf -- "$2"
`;

/** Cleans up after a process that could not do it itself. */
export interface Janitor {
  /** Lets the janitor go, when there is nothing left to clean up. */
  dismiss(): void;
}

/**
 * Cleans up however this process ends, even by SIGKILL: the system closes the pipe that the janitor waits at. It is in a
 * session of its own, where no Ctrl-C reaches it.
 */
export function startJanitor(namespacePrefix: string, folder: string): Janitor {
  const janitor = spawn('sh', ['-c', CLEAN_UP, 'janitor', namespacePrefix, folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // It is there to the end, and must not put the end off.
  janitor.unref();
  (janitor.stdin as Socket).unref();
  return { dismiss: () => void janitor.kill('SIGKILL') };
}
