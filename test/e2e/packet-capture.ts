import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Rack } from '../../src/lab/rack.ts';

/** The packets on an interface of the rack, recorded by tcpdump and read by tshark. */
export class PacketCapture {
  readonly #rack: Rack;
  readonly #file: string;
  readonly #tcpdump: ChildProcess;

  private constructor(rack: Rack, file: string, tcpdump: ChildProcess) {
    this.#rack = rack;
    this.#file = file;
    this.#tcpdump = tcpdump;
  }

  /** Resolves when recording has started. */
  static async start(rack: Rack, device: string): Promise<PacketCapture> {
    const file = path.join(rack.folder, `${device}.pcap`);
    const tcpdump = rack.network.start(rack.namespace, 'tcpdump', [
      '--immediate-mode', '-U', '-Z', 'root', '-i', device, '-w', file,
    ]); // prettier-ignore
    // "listening on ..."
    await once(tcpdump.stderr, 'data');
    return new PacketCapture(rack, file, tcpdump);
  }

  /** Ends the recording. */
  async stop(): Promise<void> {
    this.#tcpdump.kill('SIGTERM');
    await once(this.#tcpdump, 'exit');
  }

  /** The packets that tshark's `filter` selects, one line each. Call it after `stop`. */
  async select(filter: string): Promise<readonly string[]> {
    const { code, stdout, text } = await this.#rack.network.run(this.#rack.namespace, 'tshark', [
      '-r', this.#file, '-d', 'tcp.port==8080,http', '-Y', filter,
    ]); // prettier-ignore
    if (code !== 0) throw new Error(`tshark -Y '${filter}': ${text}`);
    return stdout.split('\n').filter((line) => line !== '');
  }
}
