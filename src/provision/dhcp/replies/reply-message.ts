import { BOOTREPLY, type DhcpMessage, type DhcpOptions } from '../../../protocol/dhcp/message.ts';
import { UNSPECIFIED_ADDRESS } from '../../../protocol/ipv4-address.ts';

/** What a reply says beyond what it copies from its request. */
export interface ReplyFields extends Partial<
  Pick<DhcpMessage, 'flags' | 'ciaddr' | 'yiaddr' | 'siaddr' | 'sname' | 'file'>
> {
  readonly options: DhcpOptions;
}

/**
 * A reply to a request (RFC 2131 table 3). What identifies the request is copied from it, and so are its flags, unless
 * others are given; any other field that is not given is empty.
 *
 * All replies are made by this one literal, so that they have the same fields in the same order: V8 then reads a field
 * of any of them directly. A literal that spreads another object gives every reply a layout of its own.
 */
export function replyMessage(request: DhcpMessage, fields: ReplyFields): DhcpMessage {
  return {
    op: BOOTREPLY,
    htype: request.htype,
    hlen: request.hlen,
    hops: 0,
    xid: request.xid,
    secs: 0,
    flags: fields.flags ?? request.flags,
    ciaddr: fields.ciaddr ?? UNSPECIFIED_ADDRESS,
    yiaddr: fields.yiaddr ?? UNSPECIFIED_ADDRESS,
    siaddr: fields.siaddr ?? UNSPECIFIED_ADDRESS,
    giaddr: request.giaddr,
    chaddr: request.chaddr,
    sname: fields.sname ?? '',
    file: fields.file ?? '',
    options: fields.options,
    ...(request.withoutCookie === true && { withoutCookie: true }),
  };
}
