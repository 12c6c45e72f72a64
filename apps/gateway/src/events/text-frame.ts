/**
 * A WebSocket text message of one unmasked frame (RFC 6455, 5.2), as servers send it. Being the same for every client,
 * an event is encoded once however many sockets it goes to.
 */
export function textFrame(text: string): Uint8Array {
  const payload = Buffer.from(text, "utf8");
  const length = payload.length;
  const headerBytes = length < 126 ? 2 : length < 0x1_0000 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headerBytes + length);
  frame[0] = 0x81; // final fragment, text
  if (headerBytes === 2) frame[1] = length;
  else if (headerBytes === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  payload.copy(frame, headerBytes);
  return frame;
}

/** The message of such a frame. */
export function textOfFrame(frame: Uint8Array): string {
  const [, length = 0] = frame;
  const headerBytes = length < 126 ? 2 : length === 126 ? 4 : 10;
  return Buffer.from(frame.buffer, frame.byteOffset + headerBytes, frame.length - headerBytes).toString("utf8");
}
