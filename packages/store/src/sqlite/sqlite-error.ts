import { QmtlError } from "@qmtl/core";

/** What SQLite's primary result codes mean here (https://sqlite.org/rescode.html). */
const resultCodes = {
  perm: 3,
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  constraint: 19,
  notADatabase: 26,
} as const;

const failures: ReadonlyMap<number, string> = new Map([
  [resultCodes.perm, "access to it was denied"],
  [resultCodes.busy, "another process keeps it locked"],
  [resultCodes.locked, "another connection of this process keeps it locked"],
  [resultCodes.noMemory, "there is not enough memory"],
  [resultCodes.readOnly, "it is read-only"],
  [resultCodes.io, "reading or writing it failed"],
  [resultCodes.full, "the disk or the database is full"],
  [resultCodes.cannotOpen, "it cannot be opened"],
]);

/** The constraint a row broke; extended result codes of SQLite. */
const constraints: ReadonlyMap<number, string> = new Map([
  [275, "check"],
  [787, "foreign_key"],
  [1299, "not_null"],
  [1555, "unique"],
  [2067, "unique"],
]);

/**
 * The error of the catalog that stands for one of SQLite's, or the error itself when it is a bug of the caller
 * (a statement that does not parse, a table that is not there).
 */
export function storeError(cause: unknown, path: string): unknown {
  const code = extendedCode(cause);
  if (code === undefined) return outOfRange(cause) ? unsafeInteger(cause, path) : cause;
  const words = (cause as Error).message;
  const primary = code & 0xff;
  const details = { path, sqlite: code };
  if (primary === resultCodes.corrupt || primary === resultCodes.notADatabase) {
    return new QmtlError("STORE_CORRUPT", `the database ${path} is damaged: ${words}`, {
      details,
      hint: "stop every process that uses it and restore it from a backup; do not edit it",
      cause,
    });
  }
  if (primary === resultCodes.constraint) {
    const violated = constraints.get(code) ?? "constraint";
    return new QmtlError("STORE_FAILED", `the database ${path} refused a row: ${words}`, {
      details: { ...details, violated },
      cause,
    });
  }
  const failure = failures.get(primary);
  if (failure === undefined) return cause;
  return new QmtlError("STORE_FAILED", `the database ${path} cannot be used: ${failure} (${words})`, {
    details,
    hint: "free space, check the rights of the folder, and try again; nothing of this request was stored",
    cause,
  });
}

export function isBusy(cause: unknown): boolean {
  return ((extendedCode(cause) ?? 0) & 0xff) === resultCodes.busy;
}

/** Whether a write failed because a row of that key is there already. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof QmtlError && error.code === "STORE_FAILED" && error.details["violated"] === "unique";
}

function extendedCode(cause: unknown): number | undefined {
  if (!(cause instanceof Error) || !("errcode" in cause)) return undefined;
  return typeof cause.errcode === "number" ? cause.errcode : undefined;
}

function outOfRange(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && cause.code === "ERR_OUT_OF_RANGE";
}

function unsafeInteger(cause: unknown, path: string): QmtlError {
  return new QmtlError("STORE_CORRUPT", `the database ${path} holds a whole number beyond 2^53`, {
    details: { path },
    cause,
  });
}
