import { createConnection, type Socket } from "node:net";

/**
 * A client of the event stream that does next to nothing: it counts frames by their headers, so that a thousand of them
 * fit beside what is measured.
 */
export interface EventStream {
  /** Whole frames read so far. */
  frames(): number;
  /** Bytes of their texts, summed: equal sums are equal frames, but for chance. */
  payloadBytes(): number;
  /** When the last frame came, on this process's monotonic clock. */
  lastMs(): number;
  readonly isOpen: boolean;
  /** Stops reading, for good. */
  stick(): void;
  close(): void;
}

export async function subscribe(
  url: string,
  worldId: string,
  topics: readonly string[],
): Promise<{ readonly stream_url: string; readonly token: string }> {
  const response = await fetch(`${url}/events/subscribe`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ world_id: worldId, strategy_id: "bench", topics }),
  });
  return (await response.json()) as { stream_url: string; token: string };
}

/** Opens a stream; resolves when its first frame, the snapshot, is there. `onFrame` is told of every frame. */
export async function openEventStream(
  streamUrl: string,
  token: string,
  onFrame: () => void = () => {},
): Promise<EventStream> {
  const { hostname, port, pathname } = new URL(streamUrl);
  const socket = createConnection({ host: hostname, port: Number(port) });
  const reader = new FrameReader(onFrame);
  let wake = (): void => {};
  const first = new Promise<void>((resolve, reject) => {
    wake = resolve;
    socket.once("error", reject);
    socket.once("close", () => reject(new Error("the stream was refused")));
  });
  socket.on("error", () => {});
  socket.on("data", (chunk: Buffer) => {
    reader.take(chunk);
    if (reader.frames > 0) wake();
  });
  socket.write(handshake(pathname, token));
  await first;
  return streamOf(socket, reader);
}

function streamOf(socket: Socket, reader: FrameReader): EventStream {
  let open = true;
  socket.on("close", () => (open = false));
  return {
    frames: () => reader.frames,
    payloadBytes: () => reader.payloadBytes,
    lastMs: () => reader.lastMs,
    get isOpen() {
      return open;
    },
    stick: () => void socket.pause(),
    close: () => socket.destroy(),
  };
}

function handshake(path: string, token: string): string {
  return [
    `GET ${path} HTTP/1.1`,
    "Host: bench",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Version: 13",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    `Authorization: Bearer ${token}`,
    "\r\n",
  ].join("\r\n");
}

class FrameReader {
  frames = 0;
  payloadBytes = 0;
  lastMs = 0;
  readonly #onFrame: () => void;
  #rest: Buffer = Buffer.alloc(0);
  #skip = 0;
  #upgraded = false;

  constructor(onFrame: () => void) {
    this.#onFrame = onFrame;
  }

  take(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    this.#rest = Buffer.alloc(0);
    if (!this.#upgraded) {
      const end = bytes.indexOf("\r\n\r\n");
      if (end < 0) {
        this.#rest = bytes;
        return;
      }
      this.#upgraded = true;
      bytes = bytes.subarray(end + 4);
    }
    let at = 0;
    while (at < bytes.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, bytes.length - at);
        this.#skip -= step;
        at += step;
        if (this.#skip === 0) this.#whole();
        continue;
      }
      const header = headerAt(bytes, at);
      if (header === undefined) break;
      at += header.headerBytes;
      this.payloadBytes += header.isText ? header.length : 0;
      this.#counts = header.isText;
      this.#skip = header.length;
      if (header.length === 0) this.#whole();
    }
    if (at < bytes.length) this.#rest = bytes.subarray(at);
  }

  #counts = true;

  #whole(): void {
    if (!this.#counts) return;
    this.frames++;
    this.lastMs = performance.now();
    this.#onFrame();
  }
}

function headerAt(bytes: Buffer, at: number) {
  if (bytes.length - at < 2) return undefined;
  const isText = (bytes[at]! & 0x0f) === 1;
  const short = bytes[at + 1]! & 0x7f;
  if (short < 126) return { isText, headerBytes: 2, length: short };
  const headerBytes = short === 126 ? 4 : 10;
  if (bytes.length - at < headerBytes) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
  return { isText, headerBytes, length };
}
