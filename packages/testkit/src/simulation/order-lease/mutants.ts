import type { GateRules } from "@qmtl/policy/order-gate";
import type { WorldRules } from "@qmtl/policy/world-protocol";

/** One known way to build it wrong. Each has to be caught, or the simulation does not look where it should. */
export interface Mutant {
  readonly gate?: Partial<GateRules>;
  readonly world?: Partial<WorldRules>;
  /** Some time after its start the holder takes what it once knew for what is, and itself for the process it was. */
  readonly restoresOldState?: boolean;
  /** The holder asks whether it may, waits, and sends. */
  readonly awaitsBeforeSend?: boolean;
  /** The holder counts leases on the wall clock. */
  readonly leasesOnWallClock?: boolean;
  /** An event for which a holder's queue has no room is left out, and the connection stays. */
  readonly fullQueueDrops?: boolean;
  /** A commit whose outcome is not known is taken for one that has not been done. */
  readonly forgetsDoubtfulWrites?: boolean;
}

const boundless = {
  endsAtMs: Number.POSITIVE_INFINITY,
  freshUntilMs: Number.POSITIVE_INFINITY,
  mode: "paper",
} as const;

/** The ways of safety §1, by their names there. */
export const knownMutants: Readonly<Record<string, Mutant>> = {
  "apply does not wait for acknowledgement": { world: { mayReportFrozen: () => true } },
  "acknowledgement wait without a lease": { gate: { validLease: ({ lease }) => lease } },
  "asynchronous replay of an old live after restart": { restoresOldState: true },
  "lease on wall clock": { leasesOnWallClock: true },
  "lease counted from receipt": { gate: { leaseStartMs: (_, receivedAtMs) => receivedAtMs } },
  "no drift margin": { world: { leaseEndMs: (grantedAtMs) => grantedAtMs + 3_000 } },
  "await between check and send": { awaitsBeforeSend: true },
  "unknown means open": {
    gate: { validLease: ({ lease, view }) => lease ?? { ...boundless, epoch: view?.epoch ?? 0 } },
  },
  "full queue drops an event": { fullQueueDrops: true },
};

/** More of the same kind. */
export const moreMutants: Readonly<Record<string, Mutant>> = {
  "a silent holder counts as closed": { world: { isClosed: () => true } },
  "leases from before a restart are forgotten": { world: { unknownLeasesEndMs: () => 0 } },
  "leases are granted while frozen": { world: { refusalOf: () => undefined } },
  "a kill does not close": { gate: { isKilled: () => false } },
  "a decision never grows old": { gate: { decisionIsFresh: () => true } },
  "news that is missing does not matter": { gate: { streamIsInSync: () => true } },
  "an entry that is not active trades": { gate: { activationAllows: () => true } },
  "a write in doubt is taken for one that was not done": { forgetsDoubtfulWrites: true },
  "limits are not looked at": { gate: { withinLimits: () => true } },
};
