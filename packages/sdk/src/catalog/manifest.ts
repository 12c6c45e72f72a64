import { QmtlError, type EpochMs, type IntervalMs } from "@qmtl/core";
import { blake3Text } from "@qmtl/core/identity";

/** What a dataset holds at one version. Files it does not name do not count. */
export interface Manifest {
  readonly format: "qmtl/catalog/1";
  readonly dataset: string;
  readonly version: number;
  readonly intervalMs: IntervalMs;
  /** Numeric fields besides `time`, in file order. */
  readonly fields: readonly string[];
  /** Oldest first; their ranges do not overlap. */
  readonly segments: readonly Segment[];
}

/**
 * One append: a file of little-endian float64 columns, one after the other, `time` first and then the fields of the
 * manifest, `rows` values each.
 */
export interface Segment {
  readonly file: string;
  readonly rows: number;
  readonly start: EpochMs; // first bucket
  readonly end: EpochMs; // end of the last bucket, exclusive
  /** CRC-32 of each column's bytes, `time` first: checked on every read. */
  readonly crc32: readonly number[];
  /** `digestColumns` of the rows: checked by `verify`. */
  readonly digest: string;
}

const namePattern = /^manifest-(\d{6,})\.json$/;

export function manifestName(version: number): string {
  return `manifest-${String(version).padStart(6, "0")}.json`;
}

/** Version of a manifest file's name; undefined for any other file. */
export function manifestVersion(name: string): number | undefined {
  const match = namePattern.exec(name);
  return match === null ? undefined : Number(match[1]);
}

export function encodeManifest(manifest: Manifest): Uint8Array {
  const checksum = blake3Text(JSON.stringify(manifest));
  return Buffer.from(`${JSON.stringify({ ...manifest, checksum }, undefined, 2)}\n`);
}

/** @throws QmtlError `CATALOG_CORRUPT` naming the file, the expected checksum and the one found */
export function decodeManifest(path: string, bytes: Uint8Array): Manifest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw corrupt(path, "a JSON manifest", "text that is no JSON", cause);
  }
  const { checksum, ...manifest } = parsed as Manifest & { readonly checksum?: string };
  if (manifest.format !== "qmtl/catalog/1") throw corrupt(path, "format qmtl/catalog/1", String(manifest.format));
  const found = blake3Text(JSON.stringify(manifest));
  if (found !== checksum) throw corrupt(path, String(checksum), found);
  return manifest;
}

export function corrupt(path: string, expected: string, found: string, cause?: unknown): QmtlError {
  return new QmtlError("CATALOG_CORRUPT", `${path}: expected ${expected}; found ${found}`, {
    details: { file: path, expected, found },
    hint: "restore the file from a backup, or delete the dataset's folder and import the data again",
    ...(cause !== undefined && { cause }),
  });
}
