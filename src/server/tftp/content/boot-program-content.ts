import path from 'node:path';
import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';
import type { BootProgramFile } from '../../../host/boot-program-files.ts';
import type { HotFiles } from './hot-files.ts';
import { answerToFileError, lookAtFile, openFile } from './open-file.ts';
import type { TftpContent } from './tftp-content.ts';

/**
 * Serves boot programs by name, in whatever folder the client requests them. Other files of their folders are not
 * served: those are system folders, and also contain kernels and settings. `withhold` returns why a client gets none,
 * or undefined.
 */
export function bootProgramContent(
  programs: ReadonlyMap<string, Pick<BootProgramFile, 'file'>>,
  hot: HotFiles,
  withhold: (client: Ipv4Address) => string | undefined = () => undefined,
): TftpContent {
  return {
    async open(request) {
      const name = path.posix.basename(request.path);
      const program = programs.get(name);
      if (program === undefined) return { kind: 'not-found' };
      const reason = withhold(request.clientAddress);
      if (reason !== undefined) return { kind: 'refused', reason };
      try {
        const found = await lookAtFile(program.file);
        return found === undefined ? { kind: 'not-found' } : await openFile(found, name, hot);
      } catch (error) {
        const answer = answerToFileError(error);
        if (answer === undefined) throw error;
        return answer;
      }
    },
  };
}
