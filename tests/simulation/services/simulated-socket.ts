import type { Gateway } from "../../../apps/gateway/src/index.ts";
import type { Frame } from "../../../apps/gateway/src/events/stream-event.ts";
import type { StreamSession } from "../../../apps/gateway/src/events/stream-session.ts";
import type { StreamSocket } from "../../../packages/sdk/src/gateway-client/control-stream.ts";
import type { FaultyProcess, FaultySystem } from "../../../packages/testkit/src/simulation/index.ts";
import { OrderedChannel } from "./simulated-network.ts";

type Listener = (event: never) => void;

/** The event stream's socket between a runner and the Gateway, without one. */
export class SimulatedSocket implements StreamSocket {
  readonly #listeners = new Map<string, Listener[]>();
  readonly #up: OrderedChannel;
  readonly #down: OrderedChannel;
  readonly #gateway: FaultyProcess;
  #session: StreamSession | undefined;
  #closed = false;

  constructor(
    system: FaultySystem,
    client: FaultyProcess,
    gateway: FaultyProcess,
    serving: () => Gateway | undefined,
    token: string,
  ) {
    this.#gateway = gateway;
    this.#up = new OrderedChannel(system, client, gateway);
    this.#down = new OrderedChannel(system, gateway, client);
    this.#up.send(0, () => void this.#open(serving(), token));
  }

  addEventListener(type: string, listener: Listener): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener]);
  }

  send(text: string): void {
    this.#up.send(text.length, () => void this.#session?.receive(text));
  }

  close(): void {
    this.#closed = true;
    this.#up.send(0, () => this.#session?.closed());
  }

  async #open(app: Gateway | undefined, token: string): Promise<void> {
    if (app === undefined) return this.#emit("close", { code: 1006, reason: "" });
    this.#emit("open", {});
    const outlet = {
      pendingBytes: () => this.#down.bytesUnderWay,
      send: (frames: readonly Frame[]) => {
        for (const { json, bytes } of frames) this.#emit("message", { data: json }, bytes.length);
      },
      close: (code: number, reason: string) => this.#emit("close", { code, reason }),
    };
    try {
      this.#session = await app.openStream({ bearer: token, ticket: undefined }, outlet);
    } catch {
      this.#emit("close", { code: 1008, reason: "expected a valid token or ticket" });
    }
  }

  #emit(type: string, event: object, bytes = 0): void {
    if (!this.#gateway.isUp) return;
    this.#down.send(bytes, () => {
      this.#session?.drained();
      if (this.#closed) return;
      if (type === "close") this.#closed = true;
      for (const listener of this.#listeners.get(type) ?? []) listener(event as never);
    });
  }
}
