import type { JsonObject } from '../provision/json-value.ts';
import type { NewAuditEntry } from './audit-store.ts';

/** An operation over many machines, as JSON, with what it is found by. */
export interface StoredOperation {
  readonly id: string;
  readonly createdAt: Date;
  readonly record: JsonObject;
}

/** Stores operations: what was planned, and what became of it. */
export interface OperationStore {
  /** The newest first. */
  loadOperations(): Promise<StoredOperation[]>;
  /** Adds an operation or replaces it, together with an audit entry if there is one. */
  putOperation(operation: StoredOperation, audit?: NewAuditEntry): Promise<void>;
  /** Deletes all but the newest; returns how many it deleted. */
  trimOperations(newest: number): Promise<number>;
}
