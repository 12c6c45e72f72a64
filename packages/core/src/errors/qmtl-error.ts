import { errorCatalog, type ErrorCode } from "./catalog.ts";

export interface QmtlErrorOptions {
  /** Machine-readable facts: what was expected, what was found. Must be JSON. */
  readonly details?: Readonly<Record<string, unknown>>;
  /** The next step, as a sentence the user can act on. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/**
 * A bad request or a failed dependency. A bug is an `assert` instead; an outcome the domain has a word for
 * is a value. The message is lower case, has no full stop, and says what was expected and what was found.
 */
export class QmtlError extends Error {
  override readonly name = "QmtlError";
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: QmtlErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
    this.hint = options.hint;
  }

  get exitCode(): 1 | 2 {
    return errorCatalog[this.code].exitCode;
  }
}

/** Throws on a broken promise of our own code, never on a user's input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`internal: ${message}`);
}

/** The candidate closest to `word` by edit distance, when it is close enough to be a likely typo. */
export function nearestWord(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    // Two words without a letter in common are as far apart as the longer one is long.
    if (distance < bestDistance && distance < Math.max(word.length, candidate.length)) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const substitution = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(previous[column]! + 1, current[column - 1]! + 1, substitution));
    }
    previous = current;
  }
  return previous[b.length]!;
}
