import { closeSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { QmtlError } from "@qmtl/core";

/**
 * Holds a journal for this process: a second one would compute the same instants and send the same orders beside it. The
 * lock is the operating system's, so it ends with the process, however that ends.
 *
 * @param path - of the journal
 * @returns gives the journal up
 * @throws QmtlError `STORE_FAILED` when another run holds it
 */
export function holdJournal(path: string): () => void {
  const lockPath = `${path}.lock`;
  closeSync(openSync(lockPath, "a", 0o600));
  const lock = new DatabaseSync(lockPath);
  try {
    lock.exec("PRAGMA busy_timeout=0; PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE");
    return () => lock.close();
  } catch (cause) {
    lock.close();
    throw new QmtlError("STORE_FAILED", `another run has the journal "${path}" open`, {
      hint: "stop it, or give this run a stateFolder of its own",
      cause,
    });
  }
}
