import { setImmediate as nextTurn } from 'node:timers/promises';
import { openApiDocument } from '../../../api/openapi.ts';
import type { Route } from '../../../api/route.ts';
import type { REFERENCE_ROUTES } from '../../../api/routes/reference.ts';
import { apiPage } from '../api-page.ts';
import type { Handlers } from '../handler.ts';

/** What the description of the API depends on. */
export interface ReferenceParts {
  /** The version of the program. */
  readonly version: string;
}

/** The documents are made when they are first asked for, since that takes a tenth of a second, and kept. */
export function referenceHandlers(
  routes: readonly Route[],
  { version }: ReferenceParts,
): Handlers<typeof REFERENCE_ROUTES> {
  let openApi: ReturnType<typeof openApiDocument> | undefined;
  let page: string | undefined;
  return {
    showOpenApi: async () => {
      openApi ??= openApiDocument(routes, version, nextTurn);
      return { status: 200, body: (await openApi) as { openapi: string } };
    },
    showApiPage: () => {
      page ??= apiPage(routes, version);
      return {
        status: 200,
        body: page,
        headers: { 'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'" },
      };
    },
  };
}
