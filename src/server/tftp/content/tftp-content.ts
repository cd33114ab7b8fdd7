import type { Ipv4Address } from '../../../protocol/ipv4-address.ts';

/** What a client asks for. */
export interface TftpFileRequest {
  /** Relative, with `/` between segments, none of which is `..`; made by requestedPath. */
  readonly path: string;
  readonly clientAddress: Ipv4Address;
  /** Our address that was asked. */
  readonly localAddress: Ipv4Address;
}

/** A file too large for memory. Reading goes on from what was opened, even if the name has another file by now. */
export interface TftpStream {
  readonly size: number;
  /** Fills `target` from `position` on; resolves to the number of bytes, which is less only at the end of the file. */
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
  /** There is something, and it is not for this client. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Where files come from. `open` rejects only if something is broken, never because a client asked wrongly. */
export interface TftpContent {
  open(request: TftpFileRequest): TftpAnswer | Promise<TftpAnswer>;
}

/** Content from several places: the first that has the file, or refuses it, gives the answer. */
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
