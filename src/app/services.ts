import type { Logger } from 'pino';

/** Something that was started and must be closed. */
export interface Service {
  /** Ends its work, and resolves when everything is released. */
  close(): Promise<void> | void;
  /** Reads its files again: an operator has changed them and sent SIGHUP. Invalid ones are not used. */
  reload?(): Promise<void> | void;
}

/** Everything that was started, in order. A later service may use all earlier ones, and is closed before them. */
export class Services {
  readonly #started: { readonly name: string; readonly service: Service }[] = [];

  /** Adds a service that was just started, with a name for messages; returns it. */
  add<T extends Service>(name: string, service: T): T {
    this.#started.push({ name, service });
    return service;
  }

  /**
   * Has every service read its files again, one after the other. If a service cannot, that is logged, and it continues
   * with what it has.
   */
  async reload(log: Logger): Promise<void> {
    for (const { name, service } of this.#started) {
      try {
        await service.reload?.();
      } catch (error) {
        log.error({ err: error, service: name }, 'this part could not be reloaded and continues unchanged');
      }
    }
  }

  /**
   * Closes all of them, the last one first. If one fails, the others are closed all the same, and its error is thrown
   * at the end.
   */
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
