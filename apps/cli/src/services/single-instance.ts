import { QmtlError } from "@qmtl/core";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/**
 * Holds a service's place in a state folder: a second one would decide on the same rows with other timers. The lock is
 * the operating system's, so it ends with the process, however that ends.
 *
 * @returns gives the place up
 * @throws QmtlError `STORE_FAILED` when another process holds it
 */
export function holdPlace(stateFolder: string, service: string): () => void {
  const path = join(stateFolder, `${service}.lock`);
  closeSync(openSync(path, "a", 0o600));
  const file = new DatabaseSync(path);
  try {
    file.exec("pragma busy_timeout = 0; pragma locking_mode = exclusive; pragma journal_mode = delete");
    file.exec("begin exclusive");
    return () => file.close();
  } catch (cause) {
    file.close();
    throw new QmtlError("STORE_FAILED", `another process runs the ${service} service on ${stateFolder}`, {
      cause,
      hint: "stop it, or work in another folder",
    });
  }
}
