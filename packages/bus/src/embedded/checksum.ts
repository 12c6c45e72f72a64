import { QmtlError } from "@qmtl/core";
import { crc32 } from "node:zlib";

/** CRC-32 over the fields of a stored row: SQLite does not notice a byte that changes inside a value. */
export function checksumOf(...fields: readonly (string | number)[]): number {
  return crc32(JSON.stringify(fields));
}

/** @throws QmtlError `STORE_CORRUPT` */
export function verifyChecksum(path: string, place: string, expected: number, found: number): void {
  if (expected === found) return;
  throw new QmtlError("STORE_CORRUPT", `${place} in ${path} does not match its checksum`, {
    details: { path, place, expected, found },
    hint: "stop every process that uses it and restore it from a backup; do not edit it",
  });
}
