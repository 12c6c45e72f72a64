import { QmtlError, type Clock } from "@qmtl/core";
import type { EventSubscription } from "@qmtl/contracts/gateway";
import type { GatewayClient } from "./gateway-client.ts";

/** The part of a WebSocket that is used here. */
export interface StreamSocket {
  addEventListener(type: "open" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(type: "close", listener: (event: { readonly code: number; readonly reason: string }) => void): void;
  send(text: string): void;
  close(code?: number): void;
}

export interface ControlStreamOptions {
  readonly client: GatewayClient;
  readonly worldId: string;
  readonly strategyId: string;
  readonly topics: readonly ("activation" | "policy" | "queue")[];
  readonly clock: Clock;
  /** A connection that says nothing for so long is taken for dead. Default 5 s: heartbeats go out every third of it. */
  readonly silenceMsMax?: number;
  /** Opens a socket; the platform's own unless something else is between here and the Gateway. */
  readonly openSocket?: (url: string, protocols: string[]) => StreamSocket;
  /** Every event, parsed: CloudEvents with `type` and `data`. */
  onEvent(type: string, data: Readonly<Record<string, unknown>>): void;
  onConnected(): void;
  /** The stream is gone, or may have lost something; the reason is for people. */
  onDisconnected(reason: string): void;
}

/**
 * The event stream of a world: asks for a token, connects, refreshes the token before it ends, answers nothing it does
 * not understand, and reconnects for ever with backoff from 0.1 to 5 s. The token goes into the subprotocol, never the
 * address.
 */
export class ControlStream {
  readonly #options: ControlStreamOptions;
  readonly #silenceMsMax: number;
  readonly #stop = new AbortController();
  #socket: StreamSocket | undefined;
  #heardMs = 0;
  #attempts = 0;
  #isConnected = false;
  readonly #timers = new Map<"beat" | "watch" | "refresh" | "retry", () => void>();

  constructor(options: ControlStreamOptions) {
    this.#options = options;
    this.#silenceMsMax = options.silenceMsMax ?? 5_000;
    void this.#connect();
  }

  /** Asks for snapshots again, on a connection that is new. */
  resync(): void {
    this.#drop("a new snapshot is needed");
  }

  close(): void {
    this.#stop.abort(new QmtlError("CANCELLED", "the event stream was closed"));
    this.#clearTimers();
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close(1000);
  }

  async #connect(): Promise<void> {
    this.#clearTimers();
    const { signal } = this.#stop;
    let subscription: EventSubscription;
    try {
      subscription = await this.#subscribe();
    } catch (error) {
      if (!signal.aborted) this.#retry(error instanceof Error ? error.message : String(error));
      return;
    }
    if (signal.aborted) return;
    const open = this.#options.openSocket ?? ((url, protocols): StreamSocket => new WebSocket(url, protocols));
    const socket = open(subscription.stream_url, ["qmtl.events", `bearer.${subscription.token}`]);
    this.#socket = socket;
    this.#heardMs = this.#options.clock.monotonicMs();
    socket.addEventListener("open", () => {
      if (socket !== this.#socket) return;
      this.#isConnected = true;
      this.#options.onConnected();
      this.#beat(socket);
      this.#refreshBefore(socket, subscription.expires_at);
    });
    socket.addEventListener("message", ({ data }) => {
      if (socket === this.#socket) this.#receive(String(data));
    });
    socket.addEventListener("error", () => undefined); // a close follows
    socket.addEventListener("close", ({ code, reason }) => {
      if (socket === this.#socket)
        this.#drop(`the event stream closed with ${code}${reason === "" ? "" : `: ${reason}`}`);
    });
    this.#watch(socket);
  }

  #subscribe(): Promise<EventSubscription> {
    const { client, worldId, strategyId, topics } = this.#options;
    return client.subscribe({ world_id: worldId, strategy_id: strategyId, topics: [...topics] }, this.#stop.signal);
  }

  #receive(text: string): void {
    this.#heardMs = this.#options.clock.monotonicMs();
    this.#attempts = 0;
    let event: { type?: unknown; data?: unknown };
    try {
      event = JSON.parse(text) as typeof event;
    } catch {
      // Whatever it was, it is lost: only a snapshot makes the state whole again.
      this.#drop("the event stream sent something that is not JSON");
      return;
    }
    if (typeof event?.type !== "string" || typeof event.data !== "object" || event.data === null) return;
    this.#options.onEvent(event.type, event.data as Record<string, unknown>);
  }

  #beat(socket: StreamSocket): void {
    const send = (): void => {
      if (socket !== this.#socket) return;
      socket.send('{"op":"heartbeat"}');
      this.#after("beat", this.#silenceMsMax / 3, send);
    };
    send();
  }

  #watch(socket: StreamSocket): void {
    const look = (): void => {
      if (socket !== this.#socket) return;
      const silentMs = this.#options.clock.monotonicMs() - this.#heardMs;
      if (silentMs >= this.#silenceMsMax) this.#drop(`the event stream said nothing for ${Math.round(silentMs)} ms`);
      else this.#after("watch", this.#silenceMsMax / 5, look);
    };
    this.#after("watch", this.#silenceMsMax / 5, look);
  }

  #refreshBefore(socket: StreamSocket, expiresAt: string): void {
    const leftMs = Date.parse(expiresAt) - this.#options.clock.nowMs();
    // A wall clock that is off must not make this a busy loop; the stream closes itself when the token ends.
    this.#after("refresh", Math.max(5_000, leftMs * 0.7), () => {
      this.#subscribe().then(
        ({ token, expires_at }) => {
          if (socket !== this.#socket) return;
          socket.send(JSON.stringify({ type: "refresh", token }));
          this.#refreshBefore(socket, expires_at);
        },
        () => undefined, // the socket closes when its token ends, and a new one is asked for
      );
    });
  }

  #drop(reason: string): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
    if (!this.#stop.signal.aborted) this.#retry(reason);
  }

  #retry(reason: string): void {
    this.#clearTimers();
    if (this.#isConnected || this.#attempts === 0) this.#options.onDisconnected(reason);
    this.#isConnected = false;
    const delayMs = Math.min(5_000, 100 * 2 ** Math.min(this.#attempts++, 6));
    this.#after("retry", delayMs, () => void this.#connect());
  }

  #after(name: "beat" | "watch" | "refresh" | "retry", delayMs: number, run: () => void): void {
    this.#timers.get(name)?.();
    this.#timers.set(name, this.#options.clock.after(delayMs, run));
  }

  #clearTimers(): void {
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }
}
