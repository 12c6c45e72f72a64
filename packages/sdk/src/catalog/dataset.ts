import { join } from "node:path";
import { formatInstant, formatInterval, QmtlError } from "@qmtl/core";
import { digestColumns } from "@qmtl/core/identity";
import type { Frame } from "@qmtl/engine/frame";
import { coverageOf, frameRange, type TimeRange } from "../history/index.ts";
import type { CatalogFs } from "./catalog-fs.ts";
import {
  corrupt,
  decodeManifest,
  encodeManifest,
  manifestName,
  manifestVersion,
  type Manifest,
  type Segment,
} from "./manifest.ts";

const valueSize = 8;
const manifestsKept = 2;
const partBytes = 1 << 20;
let temporaryCount = 0;

/**
 * One stream of rows in a folder of its own. Every append is a new file of columns; a new version of the manifest
 * then names it. A manifest appears under its final name in one step (a hard link), and only if nobody else has
 * made that version: a crash at any point leaves the version before, and of two writers one has to look again.
 */
export class Dataset {
  readonly name: string;
  readonly folder: string;
  readonly #fs: CatalogFs;

  constructor(name: string, folder: string, fs: CatalogFs) {
    this.name = name;
    this.folder = folder;
    this.#fs = fs;
  }

  /** What the dataset holds now; undefined before the first append. @throws QmtlError `CATALOG_CORRUPT` */
  async manifest(): Promise<Manifest | undefined> {
    for (let attempt = 0; ; attempt++) {
      const version = await this.#newestVersion();
      if (version === 0) return undefined;
      const path = join(this.folder, manifestName(version));
      const size = await this.#fs.size(path);
      // Gone between the listing and here: a writer made newer ones and cleared this one away.
      if (size === undefined && attempt < 5) continue;
      const bytes = new Uint8Array(size ?? 0);
      await this.#fs.readInto(path, [{ position: 0, target: bytes }]);
      return decodeManifest(path, bytes);
    }
  }

  /**
   * The rows of `[start, end)`, by default all. Nothing is parsed: columns are read as they lie on disk, and each is
   * compared with its CRC-32 (a fifth of a nanosecond per byte; `check: false` leaves that to an earlier `verify`,
   * and then only the sizes of files are compared).
   *
   * @throws QmtlError `DATA_MISSING` before the first append, `CATALOG_CORRUPT` naming file, expectation and finding
   */
  async read(range: Partial<TimeRange> & { readonly check?: boolean } = {}): Promise<Frame> {
    const manifest = await this.#existing();
    const { start = Number.NEGATIVE_INFINITY, end = Number.POSITIVE_INFINITY, check = true } = range;
    const segments = manifest.segments.filter((segment) => segment.start < end && segment.end > start);
    return frameRange(await this.#readSegments(manifest, segments, check), { start, end });
  }

  /**
   * Adds rows, older or newer than what is there, or in between two earlier appends.
   *
   * @throws QmtlError `CATALOG_CONFLICT` naming the overlap, and then nothing has changed; `DATA_UNSORTED`,
   *   `DATA_FORMAT` for other fields, `INTERVAL_INVALID`, `FILE_UNWRITABLE`
   */
  async append(frame: Frame): Promise<Manifest> {
    if (frame.length === 0) return (await this.manifest()) ?? this.#fail("DATA_EMPTY", "the first append needs rows");
    this.#requireSorted(frame);
    try {
      await this.#fs.makeFolder(this.folder);
      return await this.#append(frame);
    } catch (error) {
      if (error instanceof QmtlError) throw error;
      const problem = error instanceof Error ? error.message : String(error);
      throw new QmtlError("FILE_UNWRITABLE", `cannot append to dataset "${this.name}": ${problem}`, {
        details: { folder: this.folder },
        hint: "the rows that were there before are unharmed; make room or check the permissions, and append again",
        cause: error,
      });
    }
  }

  /** Ranges that have rows, bucket by bucket. */
  async coverage(): Promise<readonly TimeRange[]> {
    const manifest = await this.manifest();
    if (manifest === undefined) return [];
    const { time } = await this.#readSegments({ ...manifest, fields: [] }, manifest.segments);
    return coverageOf(time, manifest.intervalMs);
  }

  /** Reads everything and compares each append with its BLAKE3 digest. @throws QmtlError `CATALOG_CORRUPT` */
  async verify(): Promise<void> {
    const manifest = await this.#existing();
    for (const segment of manifest.segments) {
      const frame = await this.#readSegments(manifest, [segment]);
      const found = digestColumns({ time: frame.time, ...frame.columns });
      if (found !== segment.digest) throw corrupt(join(this.folder, segment.file), segment.digest, found);
    }
  }

  /** Deletes what crashed appends left behind. Only while nobody else writes. @returns the names of deleted files */
  async removeLeftovers(): Promise<readonly string[]> {
    const manifest = await this.manifest();
    const named = new Set(manifest?.segments.map((segment) => segment.file));
    const names = await this.#fs.list(this.folder);
    const stray = names.filter((name) => name.endsWith(".tmp") || (name.endsWith(".f64") && !named.has(name)));
    for (const name of stray) await this.#fs.remove(join(this.folder, name));
    return stray;
  }

  async #append(frame: Frame): Promise<Manifest> {
    let before = await this.manifest();
    this.#refuseConflict(before, frame);
    const fields = before?.fields ?? Object.keys(frame.columns);
    const segment = await this.#writeSegment(frame, fields);
    for (;;) {
      const segments = [...(before?.segments ?? []), segment].toSorted((a, b) => a.start - b.start);
      const version = (before?.version ?? 0) + 1;
      const { intervalMs } = frame;
      const next: Manifest = { format: "qmtl/catalog/1", dataset: this.name, version, intervalMs, fields, segments };
      if (await this.#publish(next)) {
        await this.#removeOldManifests(version);
        return next;
      }
      before = await this.manifest();
      this.#refuseConflict(before, frame);
    }
  }

  async #writeSegment(frame: Frame, fields: readonly string[]): Promise<Segment> {
    const columns = [frame.time, ...fields.map((field) => frame.columns[field]!)].map(bytesOf);
    const digest = digestColumns({ time: frame.time, ...frame.columns });
    const { crc32 } = process.getBuiltinModule("node:zlib"); // loaded by those who have a dataset
    // Named by content: what a crashed append of the same rows left is replaced, not doubled.
    const file = `rows-${frame.time[0]!}-${digest.slice("blake3:".length, "blake3:".length + 16)}.f64`;
    const temporary = this.#temporary();
    await this.#fs.write(temporary, columns);
    await this.#fs.rename(temporary, join(this.folder, file));
    const end = frame.time[frame.length - 1]! + frame.intervalMs;
    return {
      file,
      rows: frame.length,
      start: frame.time[0]!,
      end,
      crc32: columns.map((bytes) => crc32(bytes)),
      digest,
    };
  }

  async #publish(manifest: Manifest): Promise<boolean> {
    const temporary = this.#temporary();
    await this.#fs.write(temporary, [encodeManifest(manifest)]);
    // The segment's name has to be on disk before a manifest that uses it.
    await this.#fs.syncFolder(this.folder);
    const isFirst = await this.#fs.link(temporary, join(this.folder, manifestName(manifest.version)));
    await this.#fs.syncFolder(this.folder);
    await this.#fs.remove(temporary).catch(() => {});
    return isFirst;
  }

  // The append has happened: a failure here only leaves a file more.
  async #removeOldManifests(version: number): Promise<void> {
    const names = await this.#fs.list(this.folder).catch(() => []);
    for (const name of names) {
      const old = manifestVersion(name);
      if (old !== undefined && old <= version - manifestsKept)
        await this.#fs.remove(join(this.folder, name)).catch(() => {});
    }
  }

  async #readSegments(manifest: Manifest, segments: readonly Segment[], check = true): Promise<Frame> {
    const length = segments.reduce((sum, segment) => sum + segment.rows, 0);
    const columns = ["time", ...manifest.fields].map(() => new Float64Array(length));
    let from = 0;
    for (const segment of segments) {
      await this.#readSegment(segment, columns, from, check);
      from += segment.rows;
    }
    const [time = new Float64Array(0), ...values] = columns;
    return {
      intervalMs: manifest.intervalMs,
      length,
      time,
      columns: Object.fromEntries(manifest.fields.map((field, index) => [field, values[index]!])),
    };
  }

  async #readSegment(segment: Segment, columns: readonly Float64Array[], from: number, check: boolean): Promise<void> {
    const { crc32 } = process.getBuiltinModule("node:zlib");
    const path = join(this.folder, segment.file);
    const size = await this.#fs.size(path);
    const expected = segment.rows * valueSize * segment.crc32.length;
    if (size !== expected) throw corrupt(path, `${expected} bytes`, size === undefined ? "no file" : `${size} bytes`);
    const columnBytes = segment.rows * valueSize;
    const parts = columns.flatMap((column, index) => {
      const bytes = bytesOf(column.subarray(from, from + segment.rows));
      return partsOf(bytes.length).map(([start, end]) => {
        return { column: index, end, position: index * columnBytes + start, target: bytes.subarray(start, end) };
      });
    });
    // Checked in their order, while the next ones are still being read.
    const wrong: QmtlError[] = [];
    const isFilled = parts.map(() => false);
    let next = 0;
    let found = 0;
    await this.#fs.readInto(path, parts, (index) => {
      isFilled[index] = true;
      for (; check && isFilled[next] === true; next++) {
        const { column, end, target } = parts[next]!;
        found = crc32(target, found);
        if (end < columnBytes) continue;
        const wanted = segment.crc32[column]!;
        if (found !== wanted) wrong.push(corrupt(path, `CRC-32 ${hex(wanted)} of column ${column}`, hex(found)));
        found = 0;
      }
    });
    if (wrong[0] !== undefined) throw wrong[0];
  }

  #refuseConflict(manifest: Manifest | undefined, frame: Frame): void {
    if (manifest === undefined) return;
    if (frame.intervalMs !== manifest.intervalMs) {
      const [has, found] = [formatInterval(manifest.intervalMs), formatInterval(frame.intervalMs)];
      this.#fail("INTERVAL_INVALID", `dataset "${this.name}" has rows of ${has}; found rows of ${found}`);
    }
    const fields = Object.keys(frame.columns);
    const odd = [
      ...fields.filter((f) => !manifest.fields.includes(f)),
      ...manifest.fields.filter((f) => !fields.includes(f)),
    ];
    if (odd.length > 0) {
      const expected = manifest.fields.join(", ");
      this.#fail("DATA_FORMAT", `dataset "${this.name}" has the fields ${expected}; found ${fields.join(", ")}`);
    }
    const start = frame.time[0]!;
    const end = frame.time[frame.length - 1]! + frame.intervalMs;
    const hit = manifest.segments.find((segment) => segment.start < end && segment.end > start);
    if (hit === undefined) return;
    const overlap = { start: Math.max(hit.start, start), end: Math.min(hit.end, end) };
    throw new QmtlError(
      "CATALOG_CONFLICT",
      `dataset "${this.name}" already has rows from ${formatInstant(hit.start)} to ${formatInstant(hit.end)}; the new ones overlap from ${formatInstant(overlap.start)} to ${formatInstant(overlap.end)}`,
      {
        details: { dataset: this.name, overlap, existing: { start: hit.start, end: hit.end }, file: hit.file },
        hint: `append only rows from ${formatInstant(hit.end)} on, or use another dataset`,
      },
    );
  }

  #requireSorted(frame: Frame): void {
    for (let row = 1; row < frame.length; row++) {
      if (frame.time[row]! > frame.time[row - 1]!) continue;
      this.#fail(
        "DATA_UNSORTED",
        `rows must be in time order; row ${row + 1} (${frame.time[row]!}) is not after row ${row}`,
      );
    }
  }

  async #existing(): Promise<Manifest> {
    return (
      (await this.manifest()) ?? this.#fail("DATA_MISSING", `there is no dataset "${this.name}" in ${this.folder}`)
    );
  }

  async #newestVersion(): Promise<number> {
    const names = await this.#fs.list(this.folder);
    return names.reduce((newest, name) => Math.max(newest, manifestVersion(name) ?? 0), 0);
  }

  #temporary(): string {
    return join(this.folder, `${process.pid}-${++temporaryCount}.tmp`);
  }

  #fail(code: ConstructorParameters<typeof QmtlError>[0], message: string): never {
    throw new QmtlError(code, message, { details: { dataset: this.name, folder: this.folder } });
  }
}

/** Parts of so many bytes: small ones, so that little is left to be checked when the last has been read. */
function partsOf(bytes: number): (readonly [start: number, end: number])[] {
  const count = Math.ceil(bytes / partBytes);
  return Array.from({ length: count }, (_, part) => [part * partBytes, Math.min(bytes, (part + 1) * partBytes)]);
}

function bytesOf(column: Float64Array): Uint8Array {
  return new Uint8Array(column.buffer, column.byteOffset, column.byteLength);
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
