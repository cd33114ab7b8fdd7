import type { Response } from 'express';
import { type StreamBatch, type StreamItem, positionAfter } from '../../../history/event-stream.ts';
import { formatPosition, type StreamPosition } from '../../../history/stream-position.ts';

/** What sending a stream depends on. */
export interface SendEventsParts {
  readonly batches: AsyncIterable<StreamBatch>;
  readonly from: StreamPosition;
  readonly wants: (item: StreamItem) => boolean;
  /** How often something is sent at least, so that proxies and readers see that the connection lives. */
  readonly heartbeatMs?: number;
  /** How long the reader may take nothing until it is cut off. */
  readonly stallMs?: number;
}

const HEARTBEAT_MS = 15_000;
const STALL_MS = 30_000;
/** A browser that has lost the stream connects again after this. */
const RETRY_MS = 2_000;

/**
 * Sends a stream as server-sent events (HTML, section 9.2). Waits whenever the reader has not taken what was sent, and
 * takes nothing more from the logs meanwhile. Resolves when the stream or the connection has ended.
 */
export async function sendEvents(response: Response, parts: SendEventsParts): Promise<void> {
  const { batches, heartbeatMs = HEARTBEAT_MS, stallMs = STALL_MS, wants } = parts;
  response.status(200).type('text/event-stream');
  response.set('X-Accel-Buffering', 'no');
  response.flushHeaders();
  let position = parts.from;
  // With the position, so that a reader that loses the connection before anything happened misses nothing.
  response.write(`retry: ${RETRY_MS}\nid: ${formatPosition(position)}\n\n`);
  const heartbeat = setInterval(() => {
    if (!response.writableNeedDrain) response.write(': still here\n\n');
  }, heartbeatMs);
  try {
    for await (const batch of batches) {
      const text = textOf(batch, position, wants);
      position = positionAfter(position, batch);
      if (text === '' || response.write(text)) continue;
      if (!(await drained(response, stallMs))) {
        response.destroy();
        return;
      }
    }
    response.end();
  } finally {
    clearInterval(heartbeat);
  }
}

function textOf(batch: StreamBatch, before: StreamPosition, wants: (item: StreamItem) => boolean): string {
  if (batch.kind === 'resync') {
    const id = formatPosition(positionAfter(before, batch));
    return `id: ${id}\nevent: resync\ndata: ${JSON.stringify({ type: batch.type })}\n\n`;
  }
  let text = '';
  for (const item of batch.items) {
    if (!wants(item)) continue;
    text += `id: ${formatPosition(positionAfter(before, batch, item))}\nevent: ${item.type}\ndata: ${item.json}\n\n`;
  }
  return text;
}

/** Whether the reader has taken what was sent, in time. */
function drained(response: Response, stallMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const settle = (isDrained: boolean): void => {
      clearTimeout(timer);
      response.off('drain', onDrain);
      response.off('close', onClose);
      resolve(isDrained);
    };
    const onDrain = (): void => settle(true);
    const onClose = (): void => settle(false);
    const timer = setTimeout(() => settle(false), stallMs);
    response.once('drain', onDrain);
    response.once('close', onClose);
  });
}
