import { QmtlError, type Clock } from "@qmtl/core";
import type { SqliteFile } from "@qmtl/store/sqlite";
import type { LeaseAnswer, Leases } from "../leases/index.ts";

export const leaseTable = `create table leases (
  resource text not null primary key, token bigint not null,
  holder text, granted_ms bigint not null, expires_ms bigint not null
) without rowid`;

/**
 * Leases between the processes of a machine. They share no monotonic clock, so expiry stands in wall time; a clock that
 * jumps can make a lease end early or be taken over late, and the token keeps writes right in both cases.
 */
export class EmbeddedLeases implements Leases {
  readonly #file: SqliteFile;
  readonly #clock: Clock;

  constructor(file: SqliteFile, clock: Clock) {
    this.#file = file;
    this.#clock = clock;
  }

  acquire(resource: string, holder: string, ttlMs: number): Promise<LeaseAnswer> {
    const nowMs = this.#clock.nowMs();
    return this.#file.write((run): LeaseAnswer => {
      const [found] = run("select * from leases where resource = ?", [resource]);
      if (found !== undefined && found["holder"] !== null && found["holder"] !== holder) {
        const expiresInMs = Number(found["expires_ms"]) - nowMs;
        // A lease granted after now was granted before the wall clock went back: nobody knows how old it is.
        if (expiresInMs > 0 && Number(found["granted_ms"]) <= nowMs) {
          return { kind: "held", by: String(found["holder"]), expiresInMs };
        }
      }
      const token = Number(found?.["token"] ?? 0) + 1;
      run("insert or replace into leases values (?, ?, ?, ?, ?)", [resource, token, holder, nowMs, nowMs + ttlMs]);
      return { kind: "granted", token, expiresInMs: ttlMs };
    });
  }

  async renew(resource: string, token: number, ttlMs: number): Promise<{ readonly expiresInMs: number }> {
    const nowMs = this.#clock.nowMs();
    const rows = await this.#file.write((run) =>
      run(
        `update leases set granted_ms = ?, expires_ms = ?
         where resource = ? and token = ? and holder is not null and expires_ms > ? returning token`,
        [nowMs, nowMs + ttlMs, resource, token, nowMs],
      ),
    );
    if (rows.length > 0) return { expiresInMs: ttlMs };
    throw new QmtlError("LEASE_LOST", `the lease ${token} on "${resource}" has run out or was taken over`, {
      details: { resource, token },
      hint: "stop writing under that token and acquire the lease again",
    });
  }

  async release(resource: string, token: number): Promise<void> {
    await this.#file.write((run) =>
      run("update leases set holder = null where resource = ? and token = ?", [resource, token]),
    );
  }

  async close(): Promise<void> {}
}
