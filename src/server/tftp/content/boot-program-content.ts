import path from 'node:path';
import type { BootProgramFile } from '../../../host/boot-program-files.ts';
import type { HotFiles } from './hot-files.ts';
import { answerToFileError, lookAtFile, openFile } from './open-file.ts';
import type { TftpContent } from './tftp-content.ts';

/**
 * Serves boot programs by name, in whatever folder the client looks for them. Nothing else in their folders: those are
 * the system's, and hold kernels and settings besides.
 */
export function bootProgramContent(
  programs: ReadonlyMap<string, Pick<BootProgramFile, 'file'>>,
  hot: HotFiles,
): TftpContent {
  return {
    async open(request) {
      const name = path.posix.basename(request.path);
      const program = programs.get(name);
      if (program === undefined) return { kind: 'not-found' };
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
