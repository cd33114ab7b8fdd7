import type { Express, Request } from 'express';
import type { ZodError } from 'zod';
import { eventQuerySchema } from '../../api/event-query.ts';
import { sessionQuerySchema } from '../../api/session-query.ts';
import type { CatalogStatus } from '../../catalog/catalog-status.ts';
import type { Actor } from '../../control/actor.ts';
import type { BootSessionStore } from '../../store/boot-session-store.ts';
import type { EventStore } from '../../store/event-store.ts';
import { ApiError } from './api-error.ts';

/** What the routes that are not in the table depend on. */
export interface UnportedParts {
  readonly catalogStatus: () => CatalogStatus;
  readonly events: Pick<EventStore, 'listEvents'>;
  readonly sessions: Pick<BootSessionStore, 'listSessions'>;
}

/** Routes with the form that they had before there was a table. */
export function addUnportedRoutes(
  app: Express,
  authenticate: (request: Request) => Actor,
  parts: UnportedParts,
): void {
  app.use(['/api/v1/catalog', '/api/v1/events', '/api/v1/sessions'], (request, _response, next) => {
    authenticate(request);
    next();
  });
  app.get('/api/v1/catalog', (_request, response) => {
    response.json(parts.catalogStatus());
  });
  app.get('/api/v1/events', async (request, response) => {
    const query = eventQuerySchema.safeParse(request.query);
    if (!query.success) throw new ApiError('bad_query', faultsOf(query.error));
    const { after, kind, limit, mac } = query.data;
    const events = await parts.events.listEvents({
      limit,
      ...(after !== undefined && { afterId: after }),
      ...(kind !== undefined && { kind }),
      ...(mac !== undefined && { mac }),
    });
    response.json({ events, next: events.at(-1)?.id ?? after ?? 0 });
  });
  app.get('/api/v1/sessions', async (request, response) => {
    const query = sessionQuerySchema.safeParse(request.query);
    if (!query.success) throw new ApiError('bad_query', faultsOf(query.error));
    const { limit, machine, phase, verdict } = query.data;
    const sessions = await parts.sessions.listSessions({
      limit,
      ...(machine !== undefined && { machineId: machine }),
      ...(phase !== undefined && { phase }),
      ...(verdict !== undefined && { verdict }),
    });
    response.json({ sessions });
  });
}

function faultsOf({ issues }: ZodError): string {
  return issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
}
