import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * For sh: waits for the end of its input, then ends all processes in the namespaces whose names begin with $1, and
 * removes them and the folder $2. If a digit follows $1, the namespace belongs to another process.
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

/** A process that cleans up after this one. */
export interface Janitor {
  /** Ends the janitor, if there is nothing left to clean up. */
  dismiss(): void;
}

/**
 * Cleans up however this process ends, even by SIGKILL: the system closes the pipe from which the janitor reads. The
 * janitor is in its own session, which Ctrl-C does not reach.
 */
export function startJanitor(namespacePrefix: string, folder: string): Janitor {
  const janitor = spawn('sh', ['-c', CLEAN_UP, 'janitor', namespacePrefix, folder], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // The janitor runs until the end, and must not delay it.
  janitor.unref();
  (janitor.stdin as Socket).unref();
  return { dismiss: () => void janitor.kill('SIGKILL') };
}
