import { open, type FileHandle } from "node:fs/promises";
import { QmtlError } from "@qmtl/core";

const firstChunkSize = 64 << 10; // what a header and the first rows need
const chunkSize = 1 << 20;
const lineMax = 64 << 20;
const newline = 10;

/**
 * Reads a text file in pieces of whole lines, each ending in a newline (the last one gets one when it has none), so
 * that a file of any size needs a few MB. The next piece is read while the current one is worked on. A piece is
 * valid until the next one is asked for.
 *
 * @throws QmtlError `FILE_NOT_FOUND`, `FILE_UNREADABLE`, `CANCELLED`
 */
export async function* textChunks(path: string, signal?: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  const file = await openFile(path);
  try {
    yield* chunksOf(file, path, { ...(signal !== undefined && { signal }) });
  } finally {
    await file.close();
  }
}

/**
 * As `textChunks`, of a file that is open already, and stays open.
 *
 * @param options.start - a byte where a line starts; by default the file is read from where it stands, as a pipe has to be
 */
export async function* chunksOf(
  file: FileHandle,
  path: string,
  { start, signal }: { readonly start?: number; readonly signal?: AbortSignal },
): AsyncGenerator<Uint8Array, void, void> {
  let position = start ?? null;
  const read = async (buffer: Uint8Array): Promise<ChunkRead> => {
    const done = await file.read(buffer, 0, buffer.length, position);
    if (position !== null) position += done.bytesRead;
    return done;
  };
  let reading: Promise<ChunkRead> | undefined = read(new Uint8Array(firstChunkSize));
  try {
    let carried: Uint8Array = new Uint8Array(0);
    const spare: Uint8Array[] = [];
    for (;;) {
      throwIfStopped(path, signal);
      const { bytesRead, buffer }: ChunkRead = await (reading ?? read(new Uint8Array(chunkSize)));
      const chunk = buffer.subarray(0, bytesRead);
      if (bytesRead === 0) {
        if (carried.length > 0) yield withNewline(carried);
        return;
      }
      // After the first chunk the caller may have enough: a large file is read in another way.
      reading = buffer.length === firstChunkSize ? undefined : read(spare.pop() ?? new Uint8Array(chunkSize));
      const end = chunk.lastIndexOf(newline) + 1;
      if (end === 0) {
        carried = joined(carried, chunk);
        if (carried.length > lineMax) throw unreadable(path, `a line is longer than ${lineMax >> 20} MB`);
        continue;
      }
      if (carried.length > 0) {
        // Only the cut line is copied, not the whole piece.
        const first = chunk.indexOf(newline) + 1;
        yield joined(carried, chunk.subarray(0, first));
        if (first < end) yield chunk.subarray(first, end);
      } else {
        yield chunk.subarray(0, end);
      }
      carried = chunk.slice(end);
      if (buffer.length === chunkSize) spare.push(buffer);
    }
  } catch (error) {
    if (error instanceof QmtlError) throw error;
    throw unreadable(path, error instanceof Error ? error.message : String(error), error);
  } finally {
    await reading?.catch(() => undefined); // also when the caller has enough
  }
}

interface ChunkRead {
  readonly bytesRead: number;
  readonly buffer: Uint8Array;
}

/** @throws QmtlError `CANCELLED` */
export function throwIfStopped(path: string, signal: AbortSignal | undefined): void {
  if (signal?.aborted === true) throw new QmtlError("CANCELLED", `reading ${path} was stopped`);
}

export async function openFile(path: string): Promise<FileHandle> {
  try {
    const file = await open(path, "r");
    if (!(await file.stat()).isDirectory()) return file;
    await file.close();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") {
      throw new QmtlError("FILE_NOT_FOUND", `there is no file ${path}`, {
        details: { file: path },
        hint: "check the path; it is relative to the folder you run from",
        cause: error,
      });
    }
    throw unreadable(path, error instanceof Error ? error.message : String(error), error);
  }
  throw unreadable(path, "expected a file, found a folder");
}

function unreadable(path: string, problem: string, cause?: unknown): QmtlError {
  return new QmtlError("FILE_UNREADABLE", `cannot read ${path}: ${problem}`, { details: { file: path }, cause });
}

function withNewline(bytes: Uint8Array): Uint8Array {
  return bytes.at(-1) === newline ? bytes : joined(bytes, Uint8Array.of(newline));
}

function joined(head: Uint8Array, tail: Uint8Array): Uint8Array {
  const whole = new Uint8Array(head.length + tail.length);
  whole.set(head);
  whole.set(tail, head.length);
  return whole;
}
