import {
  auditContract,
  databaseContract,
  outboxContract,
  workQueueContract,
  type DatabaseHarness,
} from "@qmtl/testkit/contracts";
import { syncAtOnce } from "@qmtl/testkit/clock";
import { systemClock } from "@qmtl/service/edge";
import type { Kysely } from "kysely";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEmbeddedDatabase, type Migration } from "./index.ts";

databaseContract("a file of the embedded store", fileHarness);
for (const contract of [outboxContract, auditContract, workQueueContract]) {
  contract("a file of the embedded store", fileHarness);
  contract("the embedded store in memory", memoryHarness);
}

async function fileHarness(): Promise<DatabaseHarness> {
  const folder = await mkdtemp(join(tmpdir(), "qmtl-store-"));
  const path = join(folder, "new", "folders", "a.db");
  return harness(path, () => rm(folder, { recursive: true }));
}

async function memoryHarness(): Promise<DatabaseHarness> {
  return harness(":memory:", async () => {});
}

function harness(path: string, remove: () => Promise<void>): DatabaseHarness {
  const opened: Kysely<unknown>[] = [];
  return {
    async open<Tables>(migrations: readonly Migration[]) {
      const options = { path, migrations, clock: systemClock, syncFile: syncAtOnce }; // relays run in virtual time
      const database = await openEmbeddedDatabase<Tables>(options);
      opened.push(database as unknown as Kysely<unknown>);
      return database;
    },
    async close() {
      await Promise.all(opened.map((database) => database.destroy()));
      await remove();
    },
  };
}
