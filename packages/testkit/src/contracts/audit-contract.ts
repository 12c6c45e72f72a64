import {
  appendAudit,
  auditScopes,
  readAudit,
  storeMigrations,
  verifyAudit,
  type AuditEntry,
  type StoreTables,
} from "@qmtl/store";
import type { Kysely } from "kysely";
import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { VirtualClock } from "../clock/index.ts";
import type { DatabaseHarness } from "./database-contract.ts";

/** What the audit chain does on every database (invariant W-6). */
export function auditContract(name: string, harness: () => Promise<DatabaseHarness>): void {
  describe(`the audit chain on ${name}`, () => {
    let place: DatabaseHarness;
    let database: Kysely<StoreTables>;
    let clock: VirtualClock;
    beforeEach(async () => {
      place = await harness();
      database = await place.open<StoreTables>(storeMigrations);
      clock = new VirtualClock();
    });
    afterEach(() => place.close());

    const write = (scope: string, action: string, more: Partial<AuditEntry> = {}) =>
      database
        .transaction()
        .execute((transaction) => appendAudit(transaction, { ...entryOf(scope, action, clock.nowMs()), ...more }));
    beforeEach(async () => {
      for (const action of ["one", "two", "three", "four"]) await write("w", action);
      await write("v", "one", { outcome: "refused", beforeHash: "b", details: { reason: "no role" } });
    });

    it("W-6: keeps every row of a scope, in a chain of its own", async () => {
      expect(await verifyAudit(database, "w")).toMatchObject({ kind: "intact", rows: 4 });
      expect(await verifyAudit(database, "v")).toMatchObject({ kind: "intact", rows: 1 });
      expect(await verifyAudit(database, "none")).toMatchObject({ kind: "intact", rows: 0 });
      expect(await auditScopes(database)).toEqual(["v", "w"]);
      const rows = await readAudit(database, "w", { afterSequence: 1, limit: 2 });
      expect(rows.map(({ sequence, action }) => [sequence, action])).toEqual([
        [2, "two"],
        [3, "three"],
      ]);
      expect(await readAudit(database, "v", { limit: 10 })).toMatchObject([
        { outcome: "refused", beforeHash: "b", afterHash: undefined, details: { reason: "no role" } },
      ]);
    });

    it("W-6: loses a row with the change it is about", async () => {
      const undone = database.transaction().execute(async (transaction) => {
        await appendAudit(transaction, entryOf("w", "five", clock.nowMs()));
        throw new Error("undone");
      });
      await expect(undone).rejects.toThrow("undone");
      await write("w", "five");
      expect(await verifyAudit(database, "w")).toMatchObject({ kind: "intact", rows: 5 });
    });

    it("grows one chain when many write at once", async () => {
      await Promise.all(Array.from({ length: 25 }, (_, index) => write("w", `at once ${index}`)));
      expect(await verifyAudit(database, "w")).toMatchObject({ kind: "intact", rows: 29 });
    });

    const columns = [
      ["actor", "mallory"],
      ["action", "none"],
      ["outcome", "refused"],
      ["at_ms", 1],
      ["request_hash", "x"],
      ["before_hash", "x"],
      ["after_hash", "x"],
      ["correlation_id", "x"],
      ["details", '{"a":1}'],
      ["previous_hash", "x"],
      ["hash", "x"],
    ] as const;
    it.each(columns)("names the row whose %s was edited", async (column, value) => {
      await database
        .updateTable("store_audit")
        .set({ [column]: value })
        .where("sequence", "=", 3)
        .execute();
      expect(await verifyAudit(database, "w")).toMatchObject({ kind: "broken", sequence: 3 });
    });

    it.each([1, 2, 3, 4])("names row %i when it was deleted", async (sequence) => {
      await database.deleteFrom("store_audit").where("scope", "=", "w").where("sequence", "=", sequence).execute();
      expect(await verifyAudit(database, "w")).toMatchObject({ kind: "broken", sequence });
    });

    it("names the first of two rows that were swapped", async () => {
      const move = (from: number, to: number) =>
        database
          .updateTable("store_audit")
          .set({ sequence: to })
          .where("scope", "=", "w")
          .where("sequence", "=", from)
          .execute();
      for (const [from, to] of [
        [2, 99],
        [3, 2],
        [99, 3],
      ] as const)
        await move(from, to);
      expect(await verifyAudit(database, "w")).toMatchObject({ kind: "broken", sequence: 2 });
    });

    it("names a row that was added, or moved here from another scope", async () => {
      const [row] = await database.selectFrom("store_audit").selectAll().where("scope", "=", "v").execute();
      await database
        .insertInto("store_audit")
        .values({ ...row!, scope: "w", sequence: 5 })
        .execute();
      expect(await verifyAudit(database, "w")).toMatchObject({ kind: "broken", sequence: 5 });
    });

    it("names the row after one that was forged with a hash that fits", async () => {
      const [row] = await database.selectFrom("store_audit").selectAll().where("sequence", "=", 2).execute();
      const { hash, ...fields } = row!;
      const hashOf = ({ scope, sequence, at_ms, actor, action, outcome, ...rest }: typeof fields): string => {
        const { request_hash, before_hash, after_hash, correlation_id, details, previous_hash } = rest;
        const first = ["qmtl/audit/1", scope, sequence, at_ms, actor, action, outcome, request_hash];
        const all = [...first, before_hash, after_hash, correlation_id, details, previous_hash];
        return createHash("sha256").update(JSON.stringify(all)).digest("hex");
      };
      expect(hashOf(fields)).toBe(hash);
      const forged = { ...fields, actor: "mallory" };
      await database
        .updateTable("store_audit")
        .set({ ...forged, hash: hashOf(forged) })
        .where("scope", "=", "w")
        .where("sequence", "=", 2)
        .execute();
      expect(await verifyAudit(database, "w")).toMatchObject({ kind: "broken", sequence: 3 });
    });

    it("notices that the head is gone or was edited", async () => {
      await database.updateTable("store_audit_heads").set({ hash: "x" }).where("scope", "=", "w").execute();
      expect(await verifyAudit(database, "w")).toMatchObject({ kind: "broken", sequence: 4 });
      await database.deleteFrom("store_audit_heads").where("scope", "=", "w").execute();
      expect(await verifyAudit(database, "w")).toMatchObject({ kind: "broken", sequence: 1 });
    });
  });
}

function entryOf(scope: string, action: string, atMs: number): AuditEntry {
  return { scope, action, atMs, actor: "alice", outcome: "committed", requestHash: "r", correlationId: "c" };
}
