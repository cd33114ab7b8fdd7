import { endianness } from 'node:os';

// struct mmsghdr of <sys/socket.h>, on 64-bit Linux:
//
//    0 msg_name        8 msg_namelen (4, and 4 of padding)   16 msg_iov      24 msg_iovlen
//   32 msg_control    40 msg_controllen                      48 msg_flags    56 msg_len
export const HEADER_SIZE = 64;
export const NAME = 0;
export const NAME_LENGTH = 8;
export const VECTOR = 16;
export const VECTOR_COUNT = 24;
export const LENGTH = 56;

// struct iovec: base, length. struct sockaddr_in: family, port, address, and eight bytes of padding.
export const VECTOR_SIZE = 16;
export const NAME_SIZE = 16;
export const NAME_PORT = 2;
export const NAME_ADDRESS = 4;
export const AF_INET = 2;

/** Whether the structures of this machine have this layout. */
export function hasKnownLayout(): boolean {
  return (process.arch === 'x64' || process.arch === 'arm64') && endianness() === 'LE';
}
