import type { Route } from '../../api/route.ts';
import { type Operation, ROUTES } from '../../api/routes.ts';
import type { BoundRoute } from './bind-routes.ts';
import type { Handler, Handlers } from './handler.ts';
import { machineHandlers, type MachineRouteParts, verbHandlers } from './routes/machines.ts';
import { referenceHandlers, type ReferenceParts } from './routes/reference.ts';
import { inventoryHandlers, type InventoryRouteParts } from './routes/inventories.ts';
import { machineRecordHandlers, type MachineRecordRouteParts } from './routes/machine-records.ts';
import { catalogHandlers, type CatalogRouteParts } from './routes/catalog.ts';
import { operationHandlers, type OperationRouteParts } from './routes/operations.ts';
import { historyHandlers, type HistoryRouteParts } from './routes/history.ts';
import { tokenHandlers, type TokenRouteParts } from './routes/tokens.ts';
import { networkHandlers, type NetworkRouteParts } from './routes/networks.ts';

/** What all routes together depend on. */
export type OperatorRouteParts = MachineRouteParts &
  MachineRecordRouteParts &
  InventoryRouteParts &
  CatalogRouteParts &
  OperationRouteParts &
  NetworkRouteParts &
  HistoryRouteParts &
  TokenRouteParts &
  ReferenceParts;

/** Every route of the table with its handler. */
export function operatorRoutes(parts: OperatorRouteParts): BoundRoute[] {
  const handlers: Handlers<typeof ROUTES> = {
    ...machineHandlers(parts),
    ...verbHandlers(parts),
    ...machineRecordHandlers(parts),
    ...inventoryHandlers(parts),
    ...networkHandlers(parts),
    ...operationHandlers(parts),
    ...catalogHandlers(parts),
    ...historyHandlers(parts),
    ...tokenHandlers(parts),
    ...referenceHandlers(Object.values(ROUTES), parts),
  };
  return (Object.keys(ROUTES) as Operation[]).map((operation) => ({
    route: ROUTES[operation],
    // Each handler is that of its own route; the table of both is checked above.
    handler: handlers[operation] as unknown as Handler<Route>,
  }));
}
