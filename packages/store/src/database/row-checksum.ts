import { QmtlError } from "@qmtl/core";
import { crc32 } from "node:zlib";

/** CRC-32 over the fields of a row: a database does not notice a byte that changes inside a value. */
export function rowChecksum(...fields: readonly (string | number)[]): number {
  return crc32(JSON.stringify(fields));
}

/** @throws QmtlError `STORE_CORRUPT` when `fields` are not those the checksum was taken of */
export function verifyRow(what: string, checksum: number, ...fields: readonly (string | number)[]): void {
  const found = rowChecksum(...fields);
  if (found === checksum) return;
  throw new QmtlError("STORE_CORRUPT", `${what} does not match its checksum`, {
    details: { what, expected: checksum, found },
    hint: "stop every process that uses the database and restore it from a backup; do not edit it",
  });
}
