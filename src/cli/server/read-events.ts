import type { IncomingMessage } from 'node:http';

/** One event of a stream (HTML, section 9.2). */
export interface ServerSentEvent {
  readonly id: string;
  readonly type: string;
  readonly data: string;
}

/** The events of an answer, as they come. Ends with the answer, and throws if the connection breaks. */
export async function* readEvents(response: IncomingMessage): AsyncGenerator<ServerSentEvent, void, void> {
  let rest = '';
  let id = '';
  for await (const chunk of response.setEncoding('utf8')) {
    rest += String(chunk);
    const blocks = rest.split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      let [type, data] = ['message', ''];
      for (const line of block.split('\n')) {
        const [, field = '', value = ''] = /^(\w+): ?(.*)$/.exec(line) ?? [];
        if (field === 'id') id = value;
        else if (field === 'event') type = value;
        else if (field === 'data') data += value;
      }
      if (data !== '') yield { id, type, data };
      else if (id !== '') yield { id, type: 'position', data: '' };
    }
  }
}
