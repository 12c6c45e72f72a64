import type { WorldRecord } from "./world-record.ts";

/** How long a lease lives on its holder's monotonic clock, from the moment it asked. */
export const leaseTtlMs = 3_000;

/** How much slower than ours a holder's clock may run. */
export const clockDriftMax = 0.02;

export interface LeaseRequest {
  /** Who sends orders: one runner of one strategy. */
  readonly holder: string;
  /** One life of the holder's process. */
  readonly incarnation: string;
  readonly strategyId: string;
  /** Highest epoch the holder knows of; 0 for none. */
  readonly seenEpoch: number;
  /** Highest epoch for which the holder says "my gate is closed"; 0 for none. */
  readonly closedEpoch: number;
}

/** What this process remembers of a lease it granted. */
export interface GrantedLease {
  readonly holder: string;
  readonly incarnation: string;
  readonly strategyId: string;
  /** On our monotonic clock, drift included: from then on the holder's own clock has ended it. */
  readonly endsAtMs: number;
  readonly closedEpoch: number;
}

export type LeaseRefusal = "killed" | "not_active" | "epoch_ahead" | "too_many_holders" | "other_incarnation";

/** Holders of one world at a time: bounds the memory a caller can take. */
const holderCountMax = 10_000;

/**
 * The decisions of the service's side that must not be wrong, each small and by name, so that a simulation can put a
 * known wrong one in its place and show that it is caught.
 */
export interface WorldRules {
  /** When a lease granted now has ended on the holder's clock, seen on ours. */
  leaseEndMs(grantedAtMs: number): number;
  /** Until when leases may be out that a process before this one granted and nobody remembers. */
  unknownLeasesEndMs(startedAtMs: number): number;
  /** Whether the holder of this lease can no longer send orders of an epoch before `epoch` (OG-2). */
  isClosed(lease: GrantedLease, epoch: number, nowMs: number): boolean;
  /** Whether frozen(epoch) may be committed: nobody can send orders any more (OG-2). */
  mayReportFrozen(leases: Iterable<GrantedLease>, epoch: number, unknownLeasesEndMs: number, nowMs: number): boolean;
  /** Why the world grants no lease, or nothing if it does (OG-3, OG-7). */
  refusalOf(record: WorldRecord, request: LeaseRequest, holderCount: number): LeaseRefusal | undefined;
}

export const worldRules: WorldRules = {
  leaseEndMs: (grantedAtMs) => grantedAtMs + leaseTtlMs * (1 + clockDriftMax),
  unknownLeasesEndMs: (startedAtMs) => startedAtMs + leaseTtlMs * (1 + clockDriftMax),
  isClosed: (lease, epoch, nowMs) => lease.closedEpoch >= epoch || nowMs >= lease.endsAtMs,
  mayReportFrozen(leases, epoch, unknownLeasesEndMs, nowMs) {
    if (!(nowMs >= unknownLeasesEndMs)) return false;
    for (const lease of leases) if (!this.isClosed(lease, epoch, nowMs)) return false;
    return true;
  },
  refusalOf(record, request, holderCount) {
    if (record.killed !== null) return "killed";
    if (record.phase !== "ACTIVE") return "not_active";
    // A holder that knows more than the store does has seen a history that the store has lost.
    if (!(request.seenEpoch <= record.epoch && request.closedEpoch <= record.epoch)) return "epoch_ahead";
    return holderCount >= holderCountMax ? "too_many_holders" : undefined;
  },
};
