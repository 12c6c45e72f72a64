import { createReadStream } from "node:fs";
import { QmtlError, shown } from "@qmtl/core";

/** One WebSocket message as it was recorded. */
export interface RecordedMessage {
  /** When it was received: nanoseconds since 1970, by the recorder's clock. */
  readonly receivedNs: bigint;
  readonly text: string;
}

/**
 * Reads a recording of exchange messages: lines of `<nanoseconds> <message>`, plain or gzip.
 *
 * @throws QmtlError `FILE_NOT_FOUND`, `DATA_FORMAT` with the line's number
 */
export async function* readRecordedMessages(path: string): AsyncGenerator<RecordedMessage> {
  // Most processes read none: what it takes is loaded by those that do.
  const [{ createInterface }, { createGunzip }] = await Promise.all([import("node:readline"), import("node:zlib")]);
  const file = createReadStream(path);
  const input = path.endsWith(".gz") ? file.pipe(createGunzip()) : file;
  // An error of the file does not reach what it is piped into.
  file.once("error", (error) => input.destroy(error));
  let number = 0;
  try {
    for await (const line of createInterface({ input, crlfDelay: Infinity })) {
      number++;
      if (line === "") continue;
      const space = line.indexOf(" ");
      if (space < 1 || !/^\d+$/.test(line.slice(0, space))) {
        throw new QmtlError(
          "DATA_FORMAT",
          `line ${number} of "${path}" must be "<nanoseconds> <message>"; found ${shown(line)}`,
        );
      }
      yield { receivedNs: BigInt(line.slice(0, space)), text: line.slice(space + 1) };
    }
  } catch (cause) {
    if (cause instanceof QmtlError) throw cause;
    const missing = (cause as { code?: string }).code === "ENOENT";
    throw new QmtlError(missing ? "FILE_NOT_FOUND" : "FILE_UNREADABLE", `cannot read the recording "${path}"`, {
      cause,
    });
  } finally {
    file.destroy();
  }
}
