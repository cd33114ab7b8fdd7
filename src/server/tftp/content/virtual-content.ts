import type { TftpAnswer, TftpContent, TftpFileRequest } from './tftp-content.ts';

/** Makes the bytes of a file that is on no disk; undefined if there is no such file for this client. */
export type MakeVirtualFile = (
  request: TftpFileRequest,
) => string | Uint8Array | undefined | Promise<string | Uint8Array | undefined>;

/**
 * Files that are made when asked for: scripts, `autoexec.ipxe`, what differs by machine. TFTP neither encrypts nor
 * knows who asks, so nothing secret may be in them.
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
