import { DatabaseSync } from "node:sqlite";
import { parentPort } from "node:worker_threads";
import type { CheckpointJob } from "./checkpoints.ts";

// Copies write-ahead logs into their databases for those who must not wait for it.
parentPort!.on("message", ({ id, url, mode }: CheckpointJob) => {
  try {
    checkpoint(url, mode);
  } catch {
    // As with the checkpoints SQLite makes by itself: the log still has it all, and whoever writes learns of a disk that is full.
  } finally {
    parentPort!.postMessage(id);
  }
});

const busyTimeoutMs = 1_000;
const passesMax = 4;

// A connection for each time: one that stayed would keep the log from going with the last of its users.
function checkpoint(url: string, mode: CheckpointJob["mode"]): void {
  const connection = new DatabaseSync(new URL(url), { timeout: busyTimeoutMs });
  try {
    // As its writer: SQLite brings the log to the disk before it copies, and the copy before the log may start again.
    connection.exec("pragma synchronous = normal; select 1 from sqlite_schema limit 1");
    const statement = connection.prepare(`pragma wal_checkpoint(${mode})`);
    // The log starts again once all of it is copied: what came meanwhile is copied too, while it is little.
    let pages: unknown;
    for (let pass = 0; pass < passesMax; pass++) {
      const row = statement.get();
      if (row?.["log"] === pages) break;
      pages = row?.["log"];
    }
  } finally {
    connection.close();
  }
}
