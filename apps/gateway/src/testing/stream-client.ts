import { WebSocket } from "ws";

type Frame = Readonly<Record<string, unknown>>;

/** A client of the event stream for tests. */
export interface StreamClient {
  /** The next frames, as soon as there are so many. */
  frames(count: number): Promise<Frame[]>;
  /** Everything that has come and was not asked for yet. */
  pending(): readonly Frame[];
  send(message: unknown): void;
  readonly ended: Promise<{ code: number; reason: string }>;
  close(): void;
  readonly socket: WebSocket;
}

export async function openStream(
  url: string,
  how: { readonly header?: string; readonly protocol?: string; readonly ticket?: string },
): Promise<StreamClient> {
  const address = new URL(url);
  if (how.ticket !== undefined) address.searchParams.set("ticket", how.ticket);
  const protocols = how.protocol === undefined ? [] : ["qmtl.events", `bearer.${how.protocol}`];
  const headers = how.header === undefined ? {} : { authorization: `Bearer ${how.header}` };
  const socket = new WebSocket(address, protocols, { headers });
  const received: Frame[] = [];
  let wake = (): void => {};
  socket.on("message", (data: Buffer) => {
    received.push(JSON.parse(data.toString()) as Frame);
    wake();
  });
  const ended = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on("close", (code, reason) => {
      resolve({ code, reason: reason.toString() });
      wake();
    });
  });
  await new Promise<void>((resolve, reject) => {
    socket.on("open", resolve);
    socket.on("error", reject);
  });
  return {
    frames: async (count) => {
      while (received.length < count) {
        if (socket.readyState >= WebSocket.CLOSING)
          throw new Error(`closed after ${received.length} of ${count} frames`);
        await new Promise<void>((resolve) => (wake = resolve));
      }
      return received.splice(0, count);
    },
    pending: () => received,
    send: (message) => socket.send(typeof message === "string" ? message : JSON.stringify(message)),
    ended,
    close: () => socket.close(),
    socket,
  };
}
