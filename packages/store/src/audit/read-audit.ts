import type { Kysely } from "kysely";
import { narrowed, type StoreTables } from "../tables/index.ts";
import { auditHash, auditRow, chainStart, type AuditRow, type StoredAudit } from "./append-audit.ts";

/** Rows of a scope, oldest first. */
export async function readAudit<Tables extends StoreTables>(
  database: Kysely<Tables>,
  scope: string,
  page: { readonly afterSequence?: number; readonly limit: number },
): Promise<readonly AuditRow[]> {
  return (await rowsAfter(database, scope, page.afterSequence ?? 0, page.limit)).map(auditRow);
}

/** The scopes that have rows. */
export async function auditScopes<Tables extends StoreTables>(database: Kysely<Tables>): Promise<readonly string[]> {
  const rows = await narrowed(database)
    .selectFrom("store_audit")
    .select("scope")
    .union(narrowed(database).selectFrom("store_audit_heads").select("scope"))
    .orderBy("scope")
    .execute();
  return rows.map(({ scope }) => scope);
}

export type AuditVerdict =
  | { readonly kind: "intact"; readonly rows: number; readonly headHash: string }
  | {
      readonly kind: "broken";
      /** The first row that is not as it was written, or that is not there. */
      readonly sequence: number;
      readonly reason: string;
    };

const pageSize = 1_000;

/** Follows the chain of a scope from its first row to its head. */
export async function verifyAudit<Tables extends StoreTables>(
  database: Kysely<Tables>,
  scope: string,
): Promise<AuditVerdict> {
  let sequence = 0;
  let hash = chainStart;
  for (;;) {
    const rows = await rowsAfter(database, scope, sequence, pageSize);
    for (const row of rows) {
      const reason = breakOf(row, sequence + 1, hash);
      if (reason !== undefined) return { kind: "broken", sequence: sequence + 1, reason };
      sequence = row.sequence;
      hash = row.hash;
    }
    if (rows.length < pageSize) break;
  }
  const head = await narrowed(database)
    .selectFrom("store_audit_heads")
    .selectAll()
    .where("scope", "=", scope)
    .executeTakeFirst();
  const last = head?.sequence ?? 0;
  if (last > sequence) return { kind: "broken", sequence: sequence + 1, reason: `rows up to ${last} are missing` };
  if (last < sequence) return { kind: "broken", sequence: last + 1, reason: `the chain should end at row ${last}` };
  if (sequence > 0 && head?.hash !== hash) return { kind: "broken", sequence, reason: "the head names another hash" };
  return { kind: "intact", rows: sequence, headHash: hash };
}

function breakOf(row: StoredAudit, sequence: number, previousHash: string): string | undefined {
  if (row.sequence !== sequence) return `the row is missing; the next one is ${row.sequence}`;
  if (row.previous_hash !== previousHash) return "the row does not follow the one before it";
  if (row.hash !== auditHash(row)) return "the row was changed after it was written";
  return undefined;
}

function rowsAfter<Tables extends StoreTables>(
  database: Kysely<Tables>,
  scope: string,
  afterSequence: number,
  limit: number,
): Promise<StoredAudit[]> {
  return narrowed(database)
    .selectFrom("store_audit")
    .selectAll()
    .where("scope", "=", scope)
    .where("sequence", ">", afterSequence)
    .orderBy("sequence")
    .limit(limit)
    .execute();
}
