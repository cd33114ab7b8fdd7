import { opendir, readdir, realpath } from 'node:fs/promises';
import path from 'node:path';
import { parseIpv4 } from '../../../protocol/ipv4-address.ts';
import type { HotFiles } from './hot-files.ts';
import { answerToFileError, type FoundFile, lookAtFile, openFile } from './open-file.ts';
import { pathCandidates } from './path-candidates.ts';
import { RecentAnswers } from './recent-answers.ts';
import type { TftpAnswer, TftpContent, TftpFileRequest } from './tftp-content.ts';

/** How long the result of looking up a name is reused: too short to be noticed, but useful in a boot storm. */
const FILE_MS = 100;
/**
 * How long a listing of a folder is reused: which clients have their own folder, and names for the case-insensitive
 * search.
 */
const LISTING_MS = 1000;

/** The folders whose files are served. */
export interface DirectorySettings {
  /** Searched in this order. A folder that does not exist is treated as empty. */
  readonly roots: readonly string[];
  /** Folders into which links may lead, besides the roots. */
  readonly linkTargets?: readonly string[];
  /** Whether a name may differ in case from the file's, as clients of Windows servers expect. */
  readonly caseInsensitive?: boolean;
}

/**
 * Serves the files of folders. A name stays within its folder regardless of links, hidden files are not served, and
 * only regular files are.
 */
export class DirectoryContent implements TftpContent {
  readonly #settings: DirectorySettings;
  readonly #hot: HotFiles;
  readonly #found: RecentAnswers<FoundFile | TftpAnswer>;
  readonly #clientFolders: RecentAnswers<ReadonlySet<string> | undefined>;
  /** By folder: the names on disk, by their lower case. */
  readonly #spellings: RecentAnswers<ReadonlyMap<string, string>>;

  /** `now` returns monotonic milliseconds. */
  constructor(settings: DirectorySettings, hot: HotFiles, now: () => number) {
    this.#settings = settings;
    this.#hot = hot;
    this.#found = new RecentAnswers(FILE_MS, now);
    this.#clientFolders = new RecentAnswers(LISTING_MS, now);
    this.#spellings = new RecentAnswers(LISTING_MS, now);
  }

  async open({ clientAddress, path: asked }: TftpFileRequest): Promise<TftpAnswer> {
    if (asked.split('/').some((segment) => segment.startsWith('.'))) return { kind: 'not-found' };
    let refused: TftpAnswer | undefined;
    for (const { folder, name } of pathCandidates(asked, clientAddress)) {
      for (const root of this.#settings.roots) {
        if (folder !== undefined && !(await this.#hasClientFolder(root, folder))) continue;
        const answer = await this.#find(root, name);
        if (answer.kind === 'refused') refused ??= answer;
        else if (answer.kind !== 'not-found') return answer;
      }
    }
    return refused ?? { kind: 'not-found' };
  }

  async #hasClientFolder(root: string, folder: string): Promise<boolean> {
    const folders = await this.#clientFolders.get(root, () => listClientFolders(root));
    return folders?.has(folder) ?? true;
  }

  async #find(root: string, name: string): Promise<TftpAnswer> {
    const answer = await this.#openBelow(root, name);
    if (answer.kind !== 'not-found' || this.#settings.caseInsensitive !== true) return answer;
    const spelled = await this.#spellAsOnDisk(root, name);
    return spelled === undefined ? answer : this.#openBelow(root, spelled);
  }

  async #spellAsOnDisk(root: string, name: string): Promise<string | undefined> {
    let spelled = '';
    for (const segment of name.split('/')) {
      const folder = path.join(root, spelled);
      const spellings = await this.#spellings.get(folder, () => listSpellings(folder));
      const match = spellings.get(segment.toLowerCase());
      if (match === undefined) return undefined;
      spelled = spelled === '' ? match : `${spelled}/${match}`;
    }
    return spelled;
  }

  async #openBelow(root: string, name: string): Promise<TftpAnswer> {
    const file = path.join(root, name);
    try {
      const found = await this.#found.get(file, () => this.#look(root, file));
      if ('kind' in found) return found;
      return await openFile(found, name, this.#hot).catch(async () => {
        // The file may have been replaced since it was looked up; if the new one cannot be opened either, that is the
        // answer.
        this.#found.forget(file);
        const again = await this.#look(root, file);
        return 'kind' in again ? again : openFile(again, name, this.#hot);
      });
    } catch (error) {
      const answer = answerToFileError(error);
      if (answer === undefined) throw error;
      return answer;
    }
  }

  /** The real path of a file, or that it is not served. Rejects with the error of the file system. */
  async #look(root: string, file: string): Promise<FoundFile | TftpAnswer> {
    const real = await realpath(file);
    // If no component is a link, there is nothing to resolve.
    if (real !== file && !(await this.#isAllowed(root, real))) {
      return { kind: 'refused', reason: 'a link that leads out of the served folder' };
    }
    return (await lookAtFile(real)) ?? { kind: 'not-found' };
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

/**
 * The names in a folder that are addresses; undefined if the folder cannot be listed, although its files may be
 * readable.
 */
async function listClientFolders(root: string): Promise<ReadonlySet<string> | undefined> {
  const folders = new Set<string>();
  try {
    for await (const { name } of await opendir(root, { bufferSize: 1024 })) {
      if (parseIpv4(name) !== undefined) folders.add(name);
    }
    return folders;
  } catch {
    return undefined;
  }
}

/** The names in a folder by their lower case; of several that differ only in case, the first in alphabetical order. */
async function listSpellings(folder: string): Promise<ReadonlyMap<string, string>> {
  const names = await readdir(folder).catch(() => []);
  return new Map(
    names
      .sort()
      .reverse()
      .map((name) => [name.toLowerCase(), name]),
  );
}
