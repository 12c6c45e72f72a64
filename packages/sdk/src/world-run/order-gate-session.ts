import type { Clock } from "@qmtl/core";
import { QmtlError } from "@qmtl/core";
import {
  checkOrderLeaseAnswer,
  checkOrderState,
  type OrderLeaseRequest,
  type OrderState,
} from "@qmtl/contracts/leases";
import { activationKey, type ActivationEntry, type EffectiveMode } from "@qmtl/policy/activation";
import {
  closedBecause,
  closedOrderGate,
  mayLeave,
  nextTickMs,
  stepOrderGate,
  type ActivationEvent,
  type ExposureBook,
  type GateEffect,
  type GateInput,
  type GateVerdict,
  type LeavingOrder,
  type OrderGateState,
  type RefusalReason,
  type WorldSnapshot,
} from "@qmtl/policy/order-gate";
import { ControlStream, type ControlStreamOptions, type GatewayClient } from "../gateway-client/index.ts";

export interface OrderGateSessionOptions {
  readonly client: GatewayClient;
  readonly worldId: string;
  readonly strategyId: string;
  /** Names the process; a restarted one is another incarnation of the same holder. */
  readonly holder: string;
  readonly incarnation: string;
  readonly clock: Clock;
  readonly silenceMsMax?: number;
  readonly openSocket?: ControlStreamOptions["openSocket"];
  /** Whether orders may leave has changed: undefined when they may, else why they may not. */
  onOrders(offBecause: string | undefined, mode: EffectiveMode | undefined): void;
  /** Contact with the Gateway was lost or found again; each is said once. */
  onContact(isThere: boolean, message: string): void;
  /** Queues of a tag query have changed. */
  onQueues?(data: Readonly<Record<string, unknown>>): void;
}

/**
 * The order gate of a run, kept by the world's event stream and its lease. Starts closed, and closes by itself when either
 * is gone: every timeout in here only ever closes (OG-1, OG-4, OG-5).
 */
export class OrderGateSession {
  readonly #options: OrderGateSessionOptions;
  readonly #stream: ControlStream;
  readonly #stop = new AbortController();
  #state: OrderGateState;
  #cancelTick: (() => void) | undefined;
  /** Counts connections: an answer to a question of an older one is of no use. Undefined while there is none. */
  #connection: number | undefined;
  #connections = 0;
  #hasContact = true;
  /** The Gateway has answered, and knows no such world. */
  #isMissing = false;
  /** The lease is refused because another process of this strategy has it. */
  #isElsewhere = false;
  #said: string | undefined = "";
  #cancelSay: (() => void) | undefined;

  constructor(options: OrderGateSessionOptions) {
    this.#options = options;
    const { holder, incarnation, strategyId } = options;
    this.#state = closedOrderGate({ holder, incarnation, strategyId, venue: "simulated" });
    this.#stream = new ControlStream({
      client: options.client,
      worldId: options.worldId,
      strategyId,
      topics: ["activation", "policy", "queue"],
      clock: options.clock,
      ...(options.silenceMsMax !== undefined && { silenceMsMax: options.silenceMsMax }),
      ...(options.openSocket && { openSocket: options.openSocket }),
      onEvent: (type, data) => this.#onEvent(type, data),
      onConnected: () => {
        this.#contact(true, "the gateway answers again");
        this.#connection = ++this.#connections;
        // Nothing between two connections is known to have been seen.
        this.#take({ kind: "disconnected" });
        void this.#readState();
      },
      onDisconnected: (reason) => {
        this.#connection = undefined;
        this.#take({ kind: "disconnected" });
        this.#contact(false, reason);
      },
    });
    this.#take({ kind: "tick" });
  }

  /** Epoch of the world as it is seen now: orders decided in this turn belong to it. */
  get epoch(): number {
    return this.#state.view?.epoch ?? 0;
  }

  /** What the world lets this strategy do on a side, as it is seen now. */
  entryOf(side: "long" | "short"): ActivationEntry | undefined {
    return this.#state.view?.entries.get(activationKey(this.#options.strategyId, side));
  }

  /** Asked in the turn in which the order leaves; the clock is read here and nowhere else (OG-1). */
  mayLeave(order: LeavingOrder, book: ExposureBook): GateVerdict {
    return mayLeave({ ...this.#state, book }, order, this.#options.clock.monotonicMs());
  }

  /** Why no order may leave now; undefined while some may. */
  closedBecause(): string | undefined {
    const { lease } = this.#state;
    if (this.#isMissing) return `there is no world "${this.#options.worldId}"; qmtl world create makes one`;
    const closed = closedBecause(this.#state, this.#options.clock.monotonicMs());
    if (closed === "lease" && this.#isElsewhere) return "another process runs this strategy, and sends its orders";
    if (closed !== undefined || lease === undefined) return inWords[closed ?? "lease"];
    return lease.mode === "paper" || lease.mode === "live" ? undefined : `the world's mode is ${lease.mode}`;
  }

  /** The world has answered: what is closed now is closed by its word, and not for want of one. */
  get isJoined(): boolean {
    const closed = closedBecause(this.#state, this.#options.clock.monotonicMs());
    return this.#isMissing || this.#isElsewhere || closed === undefined || closed === "killed" || closed === "phase";
  }

  /** Closes this gate without asking anybody (OG-7). */
  kill(reason: string): void {
    this.#take({ kind: "kill", reason });
  }

  /** Closes the gate for good, and gives its lease back: the next process of the strategy need not wait for its end. */
  close(): void {
    const { lease } = this.#state;
    const { epoch } = this;
    this.#stop.abort(new QmtlError("CANCELLED", "the run was shut down"));
    this.#cancelTick?.();
    this.#take({ kind: "disconnected" });
    this.#cancelTick?.();
    this.#cancelSay?.();
    this.#stream.close();
    if (lease !== undefined) this.#giveBack(epoch);
  }

  #take(input: GateInput): void {
    const nowMs = this.#options.clock.monotonicMs();
    const { state, effects } = stepOrderGate(this.#state, input, nowMs);
    this.#state = state;
    for (const effect of effects) this.#carryOut(effect);
    this.#sayOrders();
    this.#cancelTick?.();
    if (this.#stop.signal.aborted) return;
    const delayMs = Math.max(1, nextTickMs(state, nowMs) - nowMs);
    this.#cancelTick = this.#options.clock.after(delayMs, () => this.#take({ kind: "tick" }));
  }

  #carryOut(effect: GateEffect): void {
    if (this.#stop.signal.aborted) return;
    switch (effect.kind) {
      case "ask":
        void this.#ask(effect.askId, effect.seenEpoch, effect.closedEpoch);
        break;
      case "acknowledge":
        void this.#acknowledge(effect.closedEpoch);
        break;
      case "resync":
        void this.#readState();
        break;
      case "opened":
      case "closed":
        break; // said below, with the mode
    }
  }

  // What changes and changes back within a moment, as while a world is being joined, is not worth a word.
  #sayOrders(): void {
    if (this.closedBecause() === this.#said) {
      this.#cancelSay?.();
      this.#cancelSay = undefined;
    } else {
      this.#cancelSay ??= this.#options.clock.after(sayAfterMs, () => {
        this.#cancelSay = undefined;
        const offBecause = this.closedBecause();
        if (offBecause === this.#said || this.#stop.signal.aborted) return;
        this.#said = offBecause;
        this.#options.onOrders(offBecause, this.#state.lease?.mode);
      });
    }
  }

  async #ask(askId: number, seenEpoch: number, closedEpoch: number): Promise<void> {
    const { client, worldId, strategyId, holder, incarnation } = this.#options;
    const body: OrderLeaseRequest = {
      holder,
      incarnation,
      strategy_id: strategyId,
      seen_epoch: seenEpoch,
      closed_epoch: closedEpoch,
      sequence: this.#state.view?.sequence ?? 0,
    };
    try {
      const { signal } = this.#stop;
      const answer = checkOrderLeaseAnswer(await client.world("POST", worldId, "/lease", { body, signal }));
      const reply = {
        granted: answer.granted,
        reason: answer.reason,
        epoch: answer.epoch,
        phase: answer.phase,
        effectiveMode: answer.effective_mode,
        ttlMs: answer.ttl_ms,
        decisionExpiresInMs: answer.decision_expires_in_ms,
        highWater: answer.high_water,
      };
      this.#isElsewhere = answer.reason === "other_incarnation";
      if (!signal.aborted) this.#take({ kind: "reply", askId, reply });
    } catch {
      // No answer is an answer: the lease runs out by itself. It is asked for again soon.
    }
  }

  async #acknowledge(closedEpoch: number): Promise<void> {
    const { client, worldId, holder, incarnation } = this.#options;
    const body = { holder, incarnation, closed_epoch: closedEpoch };
    try {
      await client.world("POST", worldId, "/acks", { body, signal: this.#stop.signal });
    } catch {
      // Every request for a lease says the same once more.
    }
  }

  #giveBack(epoch: number): void {
    const { client, worldId, holder, incarnation } = this.#options;
    const body = { holder, incarnation, closed_epoch: epoch };
    // Where the word is lost the lease ends by itself.
    client.world("POST", worldId, "/acks", { body }).catch(() => undefined);
  }

  async #readState(): Promise<void> {
    // Without a stream behind it a snapshot says how things were, and nothing of what comes (OG-4).
    const connection = this.#connection;
    if (connection === undefined) return;
    const { client, worldId } = this.#options;
    try {
      const { signal } = this.#stop;
      const state = checkOrderState(await client.world("GET", worldId, "/order-state", { signal }));
      this.#isMissing = false;
      // It counts only on the connection it was read behind: what came between would be missed.
      if (connection === this.#connection && !signal.aborted) {
        this.#take({ kind: "snapshot", snapshot: snapshotOf(state) });
      }
    } catch (error) {
      // The gate stays closed, and asks for a snapshot again in its own time.
      this.#isMissing = error instanceof QmtlError && error.code === "WORLD_NOT_FOUND";
      if (!this.#stop.signal.aborted) this.#sayOrders();
    }
  }

  #onEvent(type: string, data: Readonly<Record<string, unknown>>): void {
    if (type === "activation_updated") this.#take({ kind: "event", event: activationEventOf(data) });
    else if (type === "queue_update" || type === "tagquery.upsert") this.#options.onQueues?.(data);
  }

  #contact(isThere: boolean, message: string): void {
    if (isThere === this.#hasContact) return;
    this.#hasContact = isThere;
    this.#options.onContact(isThere, message);
  }
}

const sayAfterMs = 300;

const inWords: Readonly<Record<RefusalReason, string>> = {
  killed: "the world was killed",
  no_view: "the world could not be read yet",
  out_of_sync: "the event stream is not caught up",
  phase: "the world is frozen",
  lease: "the world has granted no lease",
  epoch: "the world has moved on, and its news is not here yet",
  mode: "the world's mode does not trade",
  decision_stale: "the world's decision is too old",
  inactive: "the strategy is not active",
  venue: "the orders are for another venue",
  limits: "a limit is reached",
};

function snapshotOf(state: OrderState): WorldSnapshot {
  return {
    phase: state.phase,
    epoch: state.epoch,
    sequence: state.sequence,
    killed: state.killed,
    stateHash: state.state_hash,
    drainReduceOnly: state.drain_reduce_only,
    entries: state.entries.map(({ strategy_id, effective_mode, ...entry }) => ({
      ...entry,
      strategyId: strategy_id,
      effectiveMode: effective_mode,
    })),
  };
}

/** What an event does not say is read in the way that closes. */
function activationEventOf(data: Readonly<Record<string, unknown>>): ActivationEvent {
  const text = (name: string): string => (typeof data[name] === "string" ? data[name] : "");
  const number = (name: string): number => (typeof data[name] === "number" ? data[name] : Number.NaN);
  const side = data["side"];
  const mode = data["effective_mode"];
  const entry =
    data["strategy_id"] !== undefined &&
    (side === "long" || side === "short") &&
    ({
      strategyId: text("strategy_id"),
      side,
      active: data["active"] === true,
      weight: number("weight"),
      freeze: data["freeze"] !== false,
      drain: data["drain"] !== false,
      effectiveMode:
        mode === "validate" || mode === "compute-only" || mode === "paper" || mode === "live" ? mode : null,
    } as const);
  return {
    version: data["version"],
    phase: text("world_phase"),
    epoch: number("epoch"),
    sequence: number("sequence"),
    killed: data["killed"] !== false,
    stateHash: text("state_hash"),
    ...(entry && { entry }),
  };
}
