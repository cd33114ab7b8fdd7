import { readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import type { HotFiles } from './hot-files.ts';
import { answerToFileError, openFile } from './open-file.ts';
import { pathCandidates } from './path-candidates.ts';
import type { TftpAnswer, TftpContent, TftpFileRequest } from './tftp-content.ts';

/** Folders whose files are served. */
export interface DirectorySettings {
  /** Searched in this order. One that does not exist has no files. */
  readonly roots: readonly string[];
  /** Where links may lead besides the roots. */
  readonly linkTargets?: readonly string[];
  /** Whether a name may differ in case from the file's, as clients of Windows servers expect. */
  readonly caseInsensitive?: boolean;
}

/**
 * The files of folders. A name stays within its folder whatever links are in its way, hidden files are not there, and
 * only regular files are served.
 */
export class DirectoryContent implements TftpContent {
  readonly #settings: DirectorySettings;
  readonly #hot: HotFiles;

  constructor(settings: DirectorySettings, hot: HotFiles) {
    this.#settings = settings;
    this.#hot = hot;
  }

  async open({ clientAddress, path: asked }: TftpFileRequest): Promise<TftpAnswer> {
    if (asked.split('/').some((segment) => segment.startsWith('.'))) return { kind: 'not-found' };
    let refused: TftpAnswer | undefined;
    for (const candidate of pathCandidates(asked, clientAddress)) {
      for (const root of this.#settings.roots) {
        const answer = await this.#find(root, candidate);
        if (answer.kind === 'refused') refused ??= answer;
        else if (answer.kind !== 'not-found') return answer;
      }
    }
    return refused ?? { kind: 'not-found' };
  }

  async #find(root: string, candidate: string): Promise<TftpAnswer> {
    const answer = await this.#openBelow(root, candidate);
    if (answer.kind !== 'not-found' || this.#settings.caseInsensitive !== true) return answer;
    const spelled = await spellAsOnDisk(root, candidate);
    return spelled === undefined ? answer : this.#openBelow(root, spelled);
  }

  async #openBelow(root: string, name: string): Promise<TftpAnswer> {
    try {
      const file = path.join(root, name);
      const real = await realpath(file);
      // Where no link is in the way, there is nothing to look up: each look at the disk counts in a boot storm.
      if (real !== file && !(await this.#isAllowed(root, real))) {
        return { kind: 'refused', reason: 'a link that leads out of the served folder' };
      }
      return await openFile(real, name, this.#hot);
    } catch (error) {
      const answer = answerToFileError(error);
      if (answer === undefined) throw error;
      return answer;
    }
  }

  async #isAllowed(root: string, real: string): Promise<boolean> {
    for (const target of [root, ...(this.#settings.linkTargets ?? [])]) {
      const folder = await realpath(target).catch(() => undefined);
      if (folder !== undefined && isBelow(folder, real)) return true;
    }
    return false;
  }
}

function isBelow(folder: string, file: string): boolean {
  return file.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** The name as the disk has it, without regard to case; the first in the order of the alphabet if there are several. */
async function spellAsOnDisk(root: string, name: string): Promise<string | undefined> {
  let spelled = '';
  for (const segment of name.split('/')) {
    const entries = await readdir(path.join(root, spelled)).catch(() => []);
    const wanted = segment.toLowerCase();
    const match = entries.filter((entry) => entry.toLowerCase() === wanted).sort()[0];
    if (match === undefined) return undefined;
    spelled = spelled === '' ? match : `${spelled}/${match}`;
  }
  return spelled;
}
