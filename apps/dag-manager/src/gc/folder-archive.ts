import type { LogRecord } from "@qmtl/bus";
import { QmtlError, sha256Hex } from "@qmtl/core";
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import type { QueueArchive } from "./archive.ts";

/** Keeps archived queues as files of JSON lines in one folder. */
export class FolderArchive implements QueueArchive {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Written beside, synced, read back and compared, and only then given its name. @throws QmtlError `STORE_FAILED` */
  async store(name: string, records: AsyncIterable<LogRecord>): Promise<void> {
    if (!/^[A-Za-z0-9._-]+$/.test(name) || name.startsWith(".")) {
      throw new QmtlError("FILE_UNWRITABLE", `an archive cannot be called ${JSON.stringify(name)}`);
    }
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const file = join(this.#folder, `${name}.jsonl`);
    const beside = `${file}.part`;
    let text = "";
    for await (const record of records) text += `${JSON.stringify(record)}\n`;
    const handle = await open(beside, "w", 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (sha256Hex(await readFile(beside)) !== sha256Hex(text)) {
      throw new QmtlError("STORE_FAILED", `the archive ${beside} does not hold what was written to it`);
    }
    await rename(beside, file);
  }
}
