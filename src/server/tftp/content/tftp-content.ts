import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';

/** The request of a client. */
export interface TftpFileRequest {
  /** Relative, with `/` between segments, none of which is `..`; made by requestedPath. */
  readonly path: string;
  readonly clientAddress: Ipv4Address;
  /** The address of ours to which the request was sent. */
  readonly localAddress: Ipv4Address;
}

/** A file too large for memory. It is read from the file that was opened, even if another file has its name by now. */
export interface TftpStream {
  readonly size: number;
  /**
   * Fills `target` from `position` on; resolves to the number of bytes, which is smaller only at the end of the file.
   */
  read(target: Uint8Array, position: number): Promise<number>;
  close(): Promise<void>;
}

export type TftpAnswer =
  /** `name` is for the log. The bytes must not change until `release`, which is called once, at the end. */
  | {
      readonly kind: 'bytes';
      readonly name: string;
      readonly bytes: Uint8Array;
      readonly release?: () => void;
    }
  | { readonly kind: 'stream'; readonly name: string; readonly stream: TftpStream }
  | { readonly kind: 'not-found' }
  /** The file exists, but this client may not have it. */
  | { readonly kind: 'refused'; readonly reason: string };

/** A source of files. `open` rejects only if something is broken, never because of an invalid request. */
export interface TftpContent {
  open(request: TftpFileRequest): TftpAnswer | Promise<TftpAnswer>;
}

/** Content from several sources: the first one that has the file, or refuses it, gives the answer. */
export function firstContentOf(places: readonly TftpContent[]): TftpContent {
  return {
    async open(request) {
      for (const place of places) {
        const answer = await place.open(request);
        if (answer.kind !== 'not-found') return answer;
      }
      return { kind: 'not-found' };
    },
  };
}
