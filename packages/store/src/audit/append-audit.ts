import { sha256Hex, type EpochMs } from "@qmtl/core";
import type { Kysely, Selectable } from "kysely";
import { narrowed, type StoreTables } from "../tables/index.ts";

export interface AuditEntry {
  /** What the chain is about, usually a world: each scope has a chain of its own. */
  readonly scope: string;
  readonly atMs: EpochMs;
  /** Subject of the verified token, or the name of the part of the system that acted. */
  readonly actor: string;
  /** "activation_updated". */
  readonly action: string;
  /** What was asked for was done, or refused. */
  readonly outcome: "committed" | "refused";
  readonly requestHash: string;
  /** Hash of the state before and after; absent where nothing was, or nothing came to be. */
  readonly beforeHash?: string;
  readonly afterHash?: string;
  readonly correlationId: string;
  /** Anything else worth keeping; JSON. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface AuditRow extends Required<Omit<AuditEntry, "beforeHash" | "afterHash">> {
  readonly beforeHash: string | undefined;
  readonly afterHash: string | undefined;
  /** 1, 2, 3, … within the scope. */
  readonly sequence: number;
  readonly hash: string;
}

/**
 * Writes an audit row in the transaction of the change it is about (invariant W-6). Each row's hash covers the hash of
 * the one before it, so that an edit, a deletion or a swap breaks the chain.
 */
export async function appendAudit<Tables extends StoreTables>(
  transaction: Kysely<Tables>,
  entry: AuditEntry,
): Promise<AuditRow> {
  const database = narrowed(transaction);
  const { scope } = entry;
  const head = await database.selectFrom("store_audit_heads").selectAll().where("scope", "=", scope).executeTakeFirst();
  const fields = {
    scope,
    sequence: (head?.sequence ?? 0) + 1,
    at_ms: entry.atMs,
    actor: entry.actor,
    action: entry.action,
    outcome: entry.outcome,
    request_hash: entry.requestHash,
    before_hash: entry.beforeHash ?? null,
    after_hash: entry.afterHash ?? null,
    correlation_id: entry.correlationId,
    details: JSON.stringify(entry.details ?? {}),
    previous_hash: head?.hash ?? chainStart,
  };
  const row = { ...fields, hash: auditHash(fields) };
  await database.insertInto("store_audit").values(row).execute();
  const { sequence, hash } = row;
  await database
    .insertInto("store_audit_heads")
    .values({ scope, sequence, hash })
    .onConflict((conflict) => conflict.column("scope").doUpdateSet({ sequence, hash }))
    .execute();
  return auditRow(row);
}

export type StoredAudit = Selectable<StoreTables["store_audit"]>;

/** What the first row of a chain has in place of the hash of the one before. */
export const chainStart = "";

/** SHA-256 over every column but the hash itself, as a JSON array: the parts cannot run into each other. */
export function auditHash(row: Omit<StoredAudit, "hash">): string {
  return sha256Hex(
    JSON.stringify([
      "qmtl/audit/1",
      row.scope,
      row.sequence,
      row.at_ms,
      row.actor,
      row.action,
      row.outcome,
      row.request_hash,
      row.before_hash,
      row.after_hash,
      row.correlation_id,
      row.details,
      row.previous_hash,
    ]),
  );
}

export function auditRow(row: StoredAudit): AuditRow {
  return {
    scope: row.scope,
    sequence: row.sequence,
    atMs: row.at_ms,
    actor: row.actor,
    action: row.action,
    outcome: row.outcome === "refused" ? "refused" : "committed",
    requestHash: row.request_hash,
    beforeHash: row.before_hash ?? undefined,
    afterHash: row.after_hash ?? undefined,
    correlationId: row.correlation_id,
    details: JSON.parse(row.details) as Record<string, unknown>,
    hash: row.hash,
  };
}
