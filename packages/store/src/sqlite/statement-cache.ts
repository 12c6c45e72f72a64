import { assert } from "@qmtl/core";
import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";

export type SqlRow = Record<string, SQLOutputValue>;

export interface StatementResult {
  readonly rows: SqlRow[];
  /** Absent for statements that answer with rows. */
  readonly changes: number | undefined;
}

/** Prepared statements of one connection, the least recently used ones forgotten: preparing costs three reads. */
export class StatementCache {
  readonly #connection: DatabaseSync;
  readonly #statementsMax: number;
  readonly #prepared = new Map<string, { statement: StatementSync; answersRows: boolean }>();

  constructor(connection: DatabaseSync, statementsMax = 256) {
    this.#connection = connection;
    this.#statementsMax = statementsMax;
  }

  run(sql: string, parameters: readonly unknown[]): StatementResult {
    const { statement, answersRows } = this.#statement(sql);
    const bound = parameters.map(boundValue);
    if (answersRows) return { rows: statement.all(...bound), changes: undefined };
    return { rows: [], changes: Number(statement.run(...bound).changes) };
  }

  #statement(sql: string): { statement: StatementSync; answersRows: boolean } {
    let found = this.#prepared.get(sql);
    if (found === undefined) {
      const statement = this.#connection.prepare(sql);
      found = { statement, answersRows: statement.columns().length > 0 };
      if (this.#prepared.size >= this.#statementsMax) this.#prepared.delete(this.#prepared.keys().next().value!);
    } else {
      this.#prepared.delete(sql);
    }
    this.#prepared.set(sql, found);
    return found;
  }
}

/**
 * A value as the connection takes it. Whole numbers go in as integers, which the driver would send as doubles: `3` in a
 * text column would read "3.0", and a division would differ from the one a server makes.
 */
function boundValue(value: unknown): SQLInputValue {
  if (typeof value === "number") {
    assert(!Number.isNaN(value), "NaN has no portable form in SQL: store null");
    return Number.isSafeInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
  }
  return value as SQLInputValue;
}
