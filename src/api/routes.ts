import { MACHINE_VERB_ROUTES } from './routes/machine-verbs.ts';
import { INVENTORY_ROUTES } from './routes/inventories.ts';
import { MACHINE_RECORD_ROUTES } from './routes/machine-records.ts';
import { MACHINE_ROUTES } from './routes/machines.ts';
import { NETWORK_ROUTES } from './routes/networks.ts';
import { CATALOG_ROUTES } from './routes/catalog.ts';
import { HISTORY_ROUTES } from './routes/history.ts';
import { OPERATION_ROUTES } from './routes/operations.ts';
import { TOKEN_ROUTES } from './routes/tokens.ts';
import { REFERENCE_ROUTES } from './routes/reference.ts';

/** All routes of the REST API by operation, in the order of the documentation. */
export const ROUTES = {
  ...MACHINE_ROUTES,
  ...MACHINE_RECORD_ROUTES,
  ...MACHINE_VERB_ROUTES,
  ...INVENTORY_ROUTES,
  ...OPERATION_ROUTES,
  ...NETWORK_ROUTES,
  ...CATALOG_ROUTES,
  ...HISTORY_ROUTES,
  ...TOKEN_ROUTES,
  ...REFERENCE_ROUTES,
};

export type Operation = keyof typeof ROUTES;
