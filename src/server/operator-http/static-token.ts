import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import { type Actor, ownerActor } from '../../control/actor.ts';
import { ApiError } from './api-error.ts';

/** Everybody who has the token of the file is this. */
const NAME = 'token:file';

/** Knows whoever sends the token of the file, who may do everything. Throws ApiError for all others. */
export function authenticateByFile(token: () => string): (request: Request) => Actor {
  return (request) => {
    const given = /^Bearer (\S+)$/.exec(request.get('authorization') ?? '')?.[1];
    // Digests have equal length, so that the comparison reveals nothing about the token.
    if (given === undefined || !timingSafeEqual(digest(given), digest(token())))
      throw new ApiError('unauthorized', 'the request has no valid token');
    const { remoteAddress } = request.socket;
    return { ...ownerActor(NAME), ...(remoteAddress !== undefined && { address: remoteAddress }) };
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
