import type { EventEmitter } from "node:events";
import * as ws from "ws";
import { expect, it } from "vitest";
import { textFrame, textOfFrame } from "./text-frame.ts";

// Exported, and missing in the package's types.
const { Receiver } = ws as unknown as {
  Receiver: new (options: { isServer: boolean }) => EventEmitter & { write(data: Uint8Array): void };
};

it.each([0, 1, 125, 126, 127, 65_535, 65_536, 200_000])(
  "frames %i bytes as a WebSocket reader expects them",
  (bytes) => {
    const text = "x".repeat(Math.max(0, bytes - 3)) + (bytes >= 3 ? "가" : "y".repeat(bytes));
    const read: string[] = [];
    const receiver = new Receiver({ isServer: false });
    receiver.on("message", (data: Buffer) => read.push(data.toString()));
    receiver.write(Buffer.from(textFrame(text)));
    expect(read).toEqual([text]);
    expect(textOfFrame(textFrame(text))).toBe(text);
  },
);
