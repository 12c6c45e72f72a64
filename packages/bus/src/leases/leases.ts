/** The answer to one who asks for a lease. */
export type LeaseAnswer =
  | {
      readonly kind: "granted";
      /** Fencing token: above every token ever given for the resource (invariant X-2). */
      readonly token: number;
      /** Counts from the moment the caller asked, on the caller's monotonic clock. */
      readonly expiresInMs: number;
    }
  | { readonly kind: "held"; readonly by: string; readonly expiresInMs: number };

/**
 * Time-limited ownership of named resources. Expiry only decides who may ask next; what makes writes safe is the token:
 * whoever stores something checks that it is not below the highest one seen.
 */
export interface Leases {
  /**
   * Takes a resource that is free, or whose lease has run out. The current holder that asks again gets a new token, for
   * it may be a restart of a writer whose old writes are still under way.
   */
  acquire(resource: string, holder: string, ttlMs: number): Promise<LeaseAnswer>;
  /**
   * Extends a lease that still runs, under its token.
   *
   * @throws QmtlError `LEASE_LOST`
   */
  renew(resource: string, token: number, ttlMs: number): Promise<{ readonly expiresInMs: number }>;
  /** Gives a resource back; nothing happens when the token is not the current one. */
  release(resource: string, token: number): Promise<void>;
  close(): Promise<void>;
}
