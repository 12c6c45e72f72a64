import type { ActivationEntry, ActivationTable, EffectiveMode } from "../activation/index.ts";
import type { WorldPhase } from "../world-protocol/index.ts";
import type { ExposureBook } from "./exposure.ts";

/** Where orders of this gate go: a broker model, or somebody's money. */
export type VenueKind = "simulated" | "live";

/**
 * The holder's side of the order lease: all that decides whether an order may leave. Every time is monotonic. A gate
 * starts closed, and nothing in here is ever written down and read again: what a process knew before it ended says
 * nothing about now (OG-4).
 */
export interface OrderGateState {
  readonly holder: string;
  /** This life of the process. */
  readonly incarnation: string;
  readonly strategyId: string;
  readonly venue: VenueKind;
  readonly view: WorldView | undefined;
  readonly stream: StreamState;
  /** Highest epoch heard of, from anybody, and whether orders may leave in it. */
  readonly seen: { readonly epoch: number; readonly open: boolean };
  /** Highest epoch for which this gate has said that it is closed. */
  readonly closedEpoch: number;
  readonly lease: HeldLease | undefined;
  /** Requests for a lease that have no answer yet, oldest first. */
  readonly asks: readonly { readonly askId: number; readonly askedAtMs: number }[];
  readonly askCount: number;
  readonly askedAtMs: number | undefined;
  readonly resyncAtMs: number | undefined;
  /** Since when the view is behind what the world says. */
  readonly behindSinceMs: number | undefined;
  /** What was last said of the gate: `opened` or `closed`. */
  readonly saidOpen: boolean;
  readonly killed: { readonly reason: string } | undefined;
  /** Limits and what counts against them; absent closes the gate. */
  readonly book: ExposureBook | undefined;
}

/** The world as its snapshot and events tell it. */
export interface WorldView {
  readonly phase: WorldPhase;
  readonly epoch: number;
  readonly sequence: number;
  readonly killed: boolean;
  readonly entries: ActivationTable;
  /** Hash of `entries` as the world announced it, to be compared with `ownHash`. */
  readonly stateHash: string;
  readonly ownHash: string;
  /** Whether the policy lets a draining strategy shrink its positions. */
  readonly drainReduceOnly: boolean;
}

export type StreamState =
  | { readonly kind: "down" }
  /** A snapshot is in; how far the stream had come by then no answer that was asked for behind it has said yet. */
  | { readonly kind: "snapshot"; readonly highWater: number }
  | { readonly kind: "caught-up"; readonly highWater: number };

export interface HeldLease {
  readonly epoch: number;
  readonly endsAtMs: number;
  readonly mode: EffectiveMode;
  /** When the decision that the mode comes from is too old to trade on. */
  readonly freshUntilMs: number;
}

/** The world's answer to a request for a lease, as the wire has it. */
export interface LeaseReply {
  readonly granted: boolean;
  /** Why not: `killed`, `not_active`, ... */
  readonly reason?: string | undefined;
  readonly epoch: number;
  readonly phase: string;
  readonly effectiveMode: unknown;
  readonly ttlMs: number;
  readonly decisionExpiresInMs: number;
  readonly highWater: number;
}

export interface WorldSnapshot {
  readonly phase: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly killed: boolean;
  readonly entries: readonly ActivationEntry[];
  readonly stateHash: string;
  readonly drainReduceOnly: boolean;
}

export interface ActivationEvent {
  /** Version of the event's schema; this gate knows 1. */
  readonly version: unknown;
  readonly phase: string;
  readonly epoch: number;
  readonly sequence: number;
  readonly killed: boolean;
  /** The entry that has changed, where one has. */
  readonly entry?: ActivationEntry;
  /** Hash of all entries after the change. */
  readonly stateHash: string;
}

export function closedOrderGate(
  gate: Pick<OrderGateState, "holder" | "incarnation" | "strategyId" | "venue">,
): OrderGateState {
  return {
    ...gate,
    view: undefined,
    stream: { kind: "down" },
    seen: { epoch: 0, open: false },
    closedEpoch: 0,
    lease: undefined,
    asks: [],
    askCount: 0,
    askedAtMs: undefined,
    resyncAtMs: undefined,
    behindSinceMs: undefined,
    saidOpen: false,
    killed: undefined,
    book: undefined,
  };
}
