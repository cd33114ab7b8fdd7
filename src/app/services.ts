import type { Logger } from 'pino';

/** Something that was started, and has to be closed. */
export interface Service {
  /** Ends what is under way, and resolves when nothing is left of it. */
  close(): Promise<void> | void;
  /** Reads again what it reads from files: an operator has changed them and sent SIGHUP. What is bad is not taken. */
  reload?(): Promise<void> | void;
}

/** Everything that was started, in order. What came last may use all that came before it, and is closed first. */
export class Services {
  readonly #started: { readonly name: string; readonly service: Service }[] = [];

  /** Adds a service that has just been started, under the name of what it does; returns it. */
  add<T extends Service>(name: string, service: T): T {
    this.#started.push({ name, service });
    return service;
  }

  /** Has every service read its files again, one after the other. A service that cannot is logged, and goes on as it was. */
  async reload(log: Logger): Promise<void> {
    for (const { name, service } of this.#started) {
      try {
        await service.reload?.();
      } catch (error) {
        log.error({ err: error, service: name }, 'this part could not be reloaded and continues unchanged');
      }
    }
  }

  /** Closes all of them, the last first. One that fails does not keep the others open; its error is thrown at the end. */
  async close(): Promise<void> {
    const errors: unknown[] = [];
    for (const { service } of this.#started.splice(0).reverse()) {
      try {
        await service.close();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
