/** A row of the outbox on its way to the bus. */
export interface RelayRow {
  readonly position: number;
  readonly topic: string;
}

export type RelayState<Row extends RelayRow> =
  | { readonly kind: "idle" }
  | { readonly kind: "loading"; readonly news: boolean }
  | {
      readonly kind: "publishing";
      readonly current: readonly Row[];
      readonly rest: readonly (readonly Row[])[];
      readonly done: readonly Row[];
    }
  | { readonly kind: "marking" }
  | { readonly kind: "pausing" }
  | { readonly kind: "stopped" };

export interface Relay<Row extends RelayRow> {
  readonly state: RelayState<Row>;
  /** Failures in a row, for the length of the pause. */
  readonly failures: number;
}

export type RelayInput<Row extends RelayRow> =
  /** Something may have been appended. */
  | { readonly kind: "wake" }
  /** The rows that wait, in the order of their positions. */
  | { readonly kind: "loaded"; readonly rows: readonly Row[] }
  | { readonly kind: "published" }
  /** The bus will never take these rows: their sequence names something else. */
  | { readonly kind: "refused"; readonly reason: string }
  /** `restMs`: how long to let others read before the next ones. */
  | { readonly kind: "marked"; readonly restMs?: number }
  | { readonly kind: "failed" }
  | { readonly kind: "pauseOver" }
  | { readonly kind: "stop" };

export type RelayEffect<Row extends RelayRow> =
  | { readonly kind: "load" }
  | { readonly kind: "publish"; readonly rows: readonly Row[] }
  | { readonly kind: "mark"; readonly rows: readonly Row[] }
  | { readonly kind: "bury"; readonly row: Row; readonly reason: string }
  | { readonly kind: "pause"; readonly durationMs: number };

export interface RelayStep<Row extends RelayRow> {
  readonly relay: Relay<Row>;
  readonly effects: readonly RelayEffect<Row>[];
}

export interface RelayOptions {
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export const idleRelay: Relay<never> = { state: { kind: "idle" }, failures: 0 };

/**
 * The outbox relay: load what waits, publish it topic by topic in order, mark what was published, look again. Rows are
 * marked only after the bus has them, so a crash anywhere publishes some a second time (the bus drops those) and loses
 * none. A row is never passed over by a later one of its key, unless the bus refuses it for good; then it stays in the
 * outbox with the reason. At most one effect runs at a time; its outcome is the next input.
 */
export function relayStep<Row extends RelayRow>(
  relay: Relay<Row>,
  input: RelayInput<Row>,
  options: RelayOptions,
): RelayStep<Row> {
  const { state } = relay;
  if (input.kind === "stop" || state.kind === "stopped") return { relay: { ...relay, state: stopped }, effects: [] };
  switch (input.kind) {
    case "wake":
      if (state.kind === "idle") return loading(relay);
      return { relay: state.kind === "loading" ? { ...relay, state: { ...state, news: true } } : relay, effects: [] };
    case "loaded":
      if (state.kind !== "loading") break;
      if (input.rows.length > 0) return publishing(relay, byTopic(input.rows), []);
      return state.news
        ? loading({ ...relay, failures: 0 })
        : { relay: { ...relay, state: idle, failures: 0 }, effects: [] };
    case "published":
      if (state.kind !== "publishing") break;
      return publishing(relay, state.rest, [...state.done, ...state.current]);
    case "refused": {
      if (state.kind !== "publishing") break;
      const [row, second] = state.current;
      // One of several was refused: the bus took none, so each is offered by itself.
      if (second !== undefined)
        return publishing(relay, [...state.current.map((each) => [each]), ...state.rest], state.done);
      const next = publishing(relay, state.rest, state.done);
      return { ...next, effects: [{ kind: "bury", row: row!, reason: input.reason }, ...next.effects] };
    }
    case "marked":
      if (state.kind !== "marking") break;
      if (input.restMs === undefined || input.restMs <= 0) return loading({ ...relay, failures: 0 });
      return {
        relay: { state: { kind: "pausing" }, failures: 0 },
        effects: [{ kind: "pause", durationMs: input.restMs }],
      };
    case "failed": {
      const failures = relay.failures + 1;
      const durationMs = Math.min(options.longestPauseMs, options.firstPauseMs * 2 ** Math.min(failures - 1, 30));
      return { relay: { state: { kind: "pausing" }, failures }, effects: [{ kind: "pause", durationMs }] };
    }
    case "pauseOver":
      if (state.kind !== "pausing") break;
      return loading(relay);
  }
  return { relay, effects: [] };
}

const idle = { kind: "idle" } as const;
const stopped = { kind: "stopped" } as const;

function loading<Row extends RelayRow>(relay: Relay<Row>): RelayStep<Row> {
  return { relay: { ...relay, state: { kind: "loading", news: false } }, effects: [{ kind: "load" }] };
}

function publishing<Row extends RelayRow>(
  relay: Relay<Row>,
  groups: readonly (readonly Row[])[],
  done: readonly Row[],
): RelayStep<Row> {
  const [current, ...rest] = groups;
  if (current === undefined) {
    return { relay: { ...relay, state: { kind: "marking" } }, effects: [{ kind: "mark", rows: done }] };
  }
  const state = { kind: "publishing", current, rest, done } as const;
  return { relay: { ...relay, state }, effects: [{ kind: "publish", rows: current }] };
}

/** A key belongs to one topic, so the order within each group is all the order there is to keep. */
function byTopic<Row extends RelayRow>(rows: readonly Row[]): readonly (readonly Row[])[] {
  return [...Map.groupBy(rows, (row) => row.topic).values()];
}
