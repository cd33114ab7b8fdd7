import { describe } from 'vitest';
import { describeBootSessionStore } from './boot-session-store.ts';
import { describeCatalogStore } from './catalog-store.ts';
import { describeDiscoveredMachineStore } from './discovered-machine-store.ts';
import { describeDnsRecordStore } from './dns-record-store.ts';
import { describeEventStore } from './event-store.ts';
import { describeInventoryStore } from './inventory-store.ts';
import { describeLeaseStore } from './lease-store.ts';
import { describeMachineStore } from './machine-store.ts';
import { describeLifeStore } from './life-store.ts';
import { describeLocalBootStore } from './local-boot-store.ts';
import { describeOperationStore } from './operation-store.ts';
import { describeReportStore } from './report-store.ts';
import type { MakePlace } from './store-place.ts';
import { describeTokenStore } from './token-store.ts';
import { describeTransitionStore } from './transition-store.ts';

/** What every store must do, by aggregate. `makePlace` creates a new database. */
export function describeStore(name: string, makePlace: MakePlace): void {
  describe(name, () => {
    describeLeaseStore(makePlace);
    describeDiscoveredMachineStore(makePlace);
    describeEventStore(makePlace);
    describeMachineStore(makePlace);
    describeInventoryStore(makePlace);
    describeTransitionStore(makePlace);
    describeCatalogStore(makePlace);
    describeDnsRecordStore(makePlace);
    describeBootSessionStore(makePlace);
    describeLifeStore(makePlace);
    describeLocalBootStore(makePlace);
    describeReportStore(makePlace);
    describeTokenStore(makePlace);
    describeOperationStore(makePlace);
  });
}
