import { QmtlError, shown } from "@qmtl/core";
import { blake3Text } from "@qmtl/core/identity";

/**
 * A row of numbers as it travels: the fields' names, and the bytes of their doubles in base64, little-endian. JSON numbers
 * would lose NaN and the sign of zero.
 */
export interface RowPayload {
  readonly fields: readonly string[];
  readonly values: string;
}

export function encodeRow(fields: readonly string[], values: readonly number[]): RowPayload {
  const bytes = new DataView(new ArrayBuffer(values.length * 8));
  values.forEach((value, index) => bytes.setFloat64(index * 8, value, true));
  return { fields, values: Buffer.from(bytes.buffer).toString("base64") };
}

/** @throws QmtlError `DATA_INVALID` for anything `encodeRow` does not write */
export function decodeRow(payload: unknown, fields: readonly string[]): Float64Array {
  const { fields: named, values } = (payload ?? {}) as Partial<RowPayload>;
  if (!Array.isArray(named) || typeof values !== "string") throw invalid(payload);
  const bytes = Buffer.from(values, "base64");
  if (bytes.length !== named.length * 8) throw invalid(payload);
  return Float64Array.from(fields, (field) => {
    const place = named.indexOf(field);
    return place < 0 ? Number.NaN : bytes.readDoubleLE(place * 8);
  });
}

/** Equal exactly when key, bucket and content are. */
export function rowHash(key: string, bucketMs: number, { fields, values }: RowPayload): string {
  return blake3Text(JSON.stringify([key, bucketMs, fields, values]));
}

function invalid(payload: unknown): QmtlError {
  return new QmtlError("DATA_INVALID", `a shared row must have fields and values; found ${shown(payload)}`);
}
