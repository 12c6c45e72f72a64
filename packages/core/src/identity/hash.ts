import { createBLAKE3, createCRC32, createSHA256 } from "hash-wasm";

// Loading the hash functions is asynchronous, using them is not: one instance of each, made while the module
// loads, serves the whole process. A call below is init, update, digest in one turn, so uses cannot mix.
const [blake3, sha256, crc32] = await Promise.all([createBLAKE3(), createSHA256(), createCRC32()]);

/** `blake3:` and 64 lowercase hex digits: BLAKE3-256 of the UTF-8 bytes of well-formed text, or of bytes. */
export function blake3Text(data: string | Uint8Array): `blake3:${string}` {
  return `blake3:${blake3.init().update(data).digest("hex")}`;
}

/** 64 lowercase hex digits: SHA-256 of the UTF-8 bytes of well-formed text, or of bytes. */
export function sha256Hex(data: string | Uint8Array): string {
  return sha256.init().update(data).digest("hex");
}

/** CRC-32 (zlib's polynomial) over well-formed parts in order, without a separator; unsigned, 0 for no parts. */
export function crc32Of(parts: Iterable<string>): number {
  // One call for all: each way into WebAssembly costs more than hashing an id.
  return Number.parseInt(
    crc32
      .init()
      .update([...parts].join(""))
      .digest("hex"),
    16,
  );
}
