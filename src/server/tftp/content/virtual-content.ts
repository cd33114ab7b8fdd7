import type { TftpAnswer, TftpContent, TftpFileRequest } from './tftp-content.ts';

/** Generates the bytes of a file that is not on disk; undefined if there is no such file for this client. */
export type MakeVirtualFile = (
  request: TftpFileRequest,
) => string | Uint8Array | undefined | Promise<string | Uint8Array | undefined>;

/**
 * Files that are generated on request: scripts, `autoexec.ipxe`, and files that differ by machine. TFTP has no
 * encryption and no authentication, so they must not contain secrets.
 */
export function virtualContent(make: MakeVirtualFile): TftpContent {
  return {
    async open(request): Promise<TftpAnswer> {
      const made = await make(request);
      if (made === undefined) return { kind: 'not-found' };
      return {
        kind: 'bytes',
        name: request.path,
        bytes: typeof made === 'string' ? Buffer.from(made, 'utf8') : made,
      };
    },
  };
}
