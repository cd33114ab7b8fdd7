import { constants, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Ipv4Address } from '../protocol/ipv4-address.ts';
import type { MacAddress } from '../protocol/mac-address.ts';
import { type Janitor, startJanitor } from './janitor.ts';
import { isRunning, NetworkLab } from './network-lab.ts';
import { RailheadProcess } from './railhead-process.ts';
import { RouterAdvertiser } from './router-advertiser.ts';
import { buildTestOs, type TestOs } from './test-os.ts';
import { type Firmware, VirtualMachine } from './virtual-machine.ts';

/** Where the test OS is cached between runs: `.cache/lab` in the folder of the program. */
export const DEFAULT_CACHE_DIR = path.resolve(import.meta.dirname, '../../.cache/lab');

/** The rack's own address, which always exists on its network. */
export const RACK_ADDRESS = '10.77.0.1' as Ipv4Address;
export const RACK_CIDR = '10.77.0.0/24';
/** The switch to which all machines are connected. */
export const RACK_BRIDGE = 'rack0';

const HTTP_PORT = 8080;
/** The address at which Railhead answers machines. */
export const RACK_ORIGIN = `http://${RACK_ADDRESS}:${HTTP_PORT}`;

/** Enough for the kernel, the initramfs twice while it is unpacked, and the root file system in memory. */
const MEMORY_MEGABYTES = 384;

/** The names of the racks' folders begin with this, followed by the process that created them. */
const FOLDER_PREFIX = 'railhead-lab-';

/** What describes a machine of the rack. */
export interface RackMachine {
  readonly name: string;
  readonly mac: MacAddress;
  readonly firmware: Firmware;
  /** A raw image of its disk, if it has one. */
  readonly disk?: string;
  /** Whether it starts again when its system restarts it; otherwise it is off then. */
  readonly restarts?: boolean;
}

/** How Railhead leases addresses in the rack. */
export type RackDhcp = 'full' | 'proxy';

/**
 * A private network with a switch, machines and a Railhead on it, on this host. `close` removes everything, as does the
 * end of this process in any way.
 */
export class Rack {
  readonly network: NetworkLab;
  /** The namespace of the switch and the server. */
  readonly namespace: string;
  /** The rack's own folder below the system's temporary folder. */
  readonly folder: string;
  /** The folder with profiles/, groups/, machines/ and assets/. */
  readonly catalog: string;
  readonly os: TestOs;
  readonly #machines: VirtualMachine[] = [];
  readonly #advertisers: RouterAdvertiser[] = [];
  readonly #janitor: Janitor;
  /**
   * Interfaces whose names are already used for machines. Machines are switched on at the same time, and each needs its
   * own.
   */
  #taps = 0;
  #railhead: RailheadProcess | undefined;

  private constructor(network: NetworkLab, folder: string, os: TestOs) {
    this.network = network;
    this.folder = folder;
    this.os = os;
    this.catalog = path.join(folder, 'catalog');
    this.#janitor = startJanitor(network.prefix, folder);
    this.namespace = network.addNamespace('rack');
    network.addBridge(this.namespace, RACK_BRIDGE, `${RACK_ADDRESS}/24`);
    this.advertise(this.namespace, RACK_BRIDGE);
  }

  /** Creates an empty rack with the test OS among its assets. For root only. */
  static async create(cacheDir = DEFAULT_CACHE_DIR): Promise<Rack> {
    const os = await buildTestOs(cacheDir);
    await removeAbandoned();
    const folder = await mkdtemp(path.join(tmpdir(), `${FOLDER_PREFIX}${process.pid}-`));
    const network = new NetworkLab('rhlab');
    try {
      const rack = new Rack(network, folder, os);
      await rack.#addAssets();
      return rack;
    } catch (error) {
      await network.remove();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Announces on a network that it has no IPv6, which saves every machine there a wait. */
  advertise(namespace: string, bridge: string): void {
    this.#advertisers.push(new RouterAdvertiser(namespace, bridge));
  }

  /** Writes files of the catalog, by their paths in it: `groups/web.yaml`. */
  async writeCatalog(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(this.catalog, name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, content);
    }
  }

  /** Starts Railhead on the rack's switch. `settings` override those of a rack. */
  async startRailhead(
    dhcp: RackDhcp,
    settings: Readonly<Record<string, unknown>> = {},
  ): Promise<RailheadProcess> {
    const subnet = {
      id: 'rack',
      cidr: RACK_CIDR,
      mode: dhcp,
      ...(dhcp === 'full' && { pools: ['10.77.0.100-10.77.0.199'] }),
    };
    this.#railhead = await RailheadProcess.start(this.network, {
      namespace: this.namespace,
      folder: this.catalog,
      settings: {
        http: { listen: [`${RACK_ADDRESS}:${HTTP_PORT}`] },
        tftp: { enabled: true, listen: [RACK_ADDRESS] },
        dhcp: { interfaces: [RACK_BRIDGE] },
        networks: [subnet],
        poll_seconds: 2,
        ...settings,
      },
    });
    return this.#railhead;
  }

  /** Connects a machine to the switch (or to `bridge`, elsewhere) and switches it on. */
  async powerOn(
    machine: RackMachine,
    at: { readonly namespace: string; readonly bridge: string } = {
      namespace: this.namespace,
      bridge: RACK_BRIDGE,
    },
  ): Promise<VirtualMachine> {
    const folder = path.join(this.folder, machine.name);
    await mkdir(folder, { recursive: true });
    const tap = `tap${this.#taps++}`;
    this.network.addTap(at.namespace, at.bridge, tap);
    const started = await VirtualMachine.start(this.network, {
      ...machine,
      memoryMegabytes: MEMORY_MEGABYTES,
      namespace: at.namespace,
      tap,
      folder,
    });
    this.#machines.push(started);
    return started;
  }

  /** Switches everything off and removes it. */
  async close(): Promise<void> {
    await Promise.all(this.#machines.map((machine) => machine.stop()));
    await this.#railhead?.stop();
    for (const advertiser of this.#advertisers) advertiser.close();
    await this.network.remove();
    await rm(this.folder, { recursive: true, force: true });
    this.#janitor.dismiss();
  }

  async #addAssets(): Promise<void> {
    const assets = path.join(this.catalog, 'assets/test-os');
    await mkdir(assets, { recursive: true });
    for (const file of [this.os.kernel, this.os.initrd]) {
      await copyFile(file, path.join(assets, path.basename(file)), constants.COPYFILE_FICLONE);
    }
  }
}

/** Removes the folders of racks whose process was killed. */
async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(FOLDER_PREFIX)) continue;
    const pid = Number.parseInt(name.slice(FOLDER_PREFIX.length), 10);
    if (pid > 0 && !isRunning(pid)) await rm(path.join(tmpdir(), name), { recursive: true, force: true });
  }
}
