import { QmtlError } from "@qmtl/core";
import type { FastifyReply, FastifyRequest, RequestPayload } from "fastify";
import { createGunzip } from "node:zlib";

/**
 * Unpacks `Content-Encoding: gzip` while the body is read. The server counts both what came and what it becomes
 * against the limit of the route, so a bomb ends at that limit, having cost one small buffer.
 */
export function unpackBody(
  request: FastifyRequest,
  reply: FastifyReply,
  payload: RequestPayload,
): RequestPayload | undefined {
  const encoding = request.headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return undefined;
  if (encoding !== "gzip") {
    throw new QmtlError("MEDIA_TYPE_UNKNOWN", `a body may be packed with gzip; found "${encoding.slice(0, 32)}"`);
  }
  const unpacked: RequestPayload = createGunzip();
  let receivedBytes = 0;
  payload.on("data", (chunk: Buffer) => {
    receivedBytes += chunk.length;
    unpacked.receivedEncodedLength = receivedBytes;
  });
  payload.on("error", (error) => (unpacked as unknown as { destroy(error: Error): void }).destroy(error));
  unpacked.on("error", () => payload.unpipe());
  // Once the answer is out, nothing more of a refused body is unpacked.
  reply.raw.once("close", () => (unpacked as unknown as { destroy(): void }).destroy());
  payload.pipe(unpacked as unknown as NodeJS.WritableStream);
  return unpacked;
}
