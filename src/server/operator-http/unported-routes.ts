import type { Express, Request } from 'express';
import type { CatalogStatus } from '../../catalog/catalog-status.ts';
import type { Actor } from '../../control/actor.ts';

/** What the routes that are not in the table depend on. */
export interface UnportedParts {
  readonly catalogStatus: () => CatalogStatus;
}

/** Routes with the form that they had before there was a table. */
export function addUnportedRoutes(
  app: Express,
  authenticate: (request: Request) => Actor,
  parts: UnportedParts,
): void {
  app.get('/api/v1/catalog', (request, response) => {
    authenticate(request);
    response.json(parts.catalogStatus());
  });
}
