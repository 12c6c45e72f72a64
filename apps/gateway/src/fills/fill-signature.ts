import { createHmac, timingSafeEqual } from "node:crypto";

/** How far a signature's time may be from now. */
const signatureAgeMsMax = 300_000;

/** Hex HMAC-SHA256 of `<timestamp>.<body>`: with the time inside, a recorded request cannot be sent again later. */
export function fillSignature(secret: string, timestampSeconds: string, body: string): string {
  return createHmac("sha256", secret).update(`${timestampSeconds}.${body}`).digest("hex");
}

export function signatureHolds(
  { secret, timestamp, body, signature }: { secret: string; timestamp: string; body: string; signature: string },
  nowMs: number,
): boolean {
  if (!/^[0-9]{1,12}$/.test(timestamp) || !/^[0-9a-f]{64}$/.test(signature)) return false;
  if (Math.abs(nowMs - Number(timestamp) * 1_000) > signatureAgeMsMax) return false;
  return timingSafeEqual(Buffer.from(signature, "hex"), Buffer.from(fillSignature(secret, timestamp, body), "hex"));
}
