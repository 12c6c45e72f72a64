import { Runner, type RunResult } from "@qmtl/sdk";
import { sliceFrame } from "@qmtl/engine/frame";
import { dayRows, loaded, minuteBars } from "../harness/bars.ts";
import type { Bench } from "../harness/row.ts";
import { inTurns, sampleOf, timeOf } from "../harness/timing.ts";
import { requireSameRun } from "./same-run.ts";
import { SmaCross, vectorbtBroker } from "./sma-cross.ts";

// Untimed calls of either side, as for the cross: a session appends for days, and is compiled whole by then.
const warmUps = 15;

/**
 * One day more on a long run, until its metrics can be read, against running everything again. Every timed append is
 * the next day; the run it is compared with is the batch run over the first rows and a day, the quickest there is.
 */
export const append: Bench = {
  name: "append",
  summary: "append one day to a 1 M-bar run, against the full run",
  async run({ rows, rounds }) {
    const days = rounds + warmUps;
    const bars = minuteBars(rows + days * dayRows);
    const dayOf = (day: number) => sliceFrame(bars, rows + day * dayRows, rows + (day + 1) * dayRows);
    const head = loaded(bars, 0, rows);

    await using checked = await Runner.session(SmaCross, { data: head, broker: vectorbtBroker });
    for (let day = 0; day < 2; day++) checked.append(dayOf(day));
    const whole = loaded(bars, 0, rows + 2 * dayRows);
    requireSameRun(
      "appended and whole",
      checked.result(),
      await Runner.offline(SmaCross, { data: whole, broker: vectorbtBroker }),
    );

    // Neither side keeps the columns of nodes.
    await using session = await Runner.session(SmaCross, { data: head, broker: vectorbtBroker, keep: "none" });
    let day = 0;
    const appending = async () => {
      const rowsOfDay = dayOf(day++);
      return timeOf(() => {
        session.append(rowsOfDay);
        return read(session.result());
      });
    };
    const oneDayMore = loaded(bars, 0, rows + dayRows);
    const full = async () =>
      timeOf(async () =>
        read(await Runner.offline(SmaCross, { data: oneDayMore, broker: vectorbtBroker, keep: "none" })),
      );
    const times = await inTurns({ time: appending, warmUps }, { time: full, warmUps }, rounds);
    return [
      {
        workload: "append one day and read the metrics",
        ours: sampleOf(times.ours, "ms"),
        peer: { name: "full run", ...sampleOf(times.peer, "ms") },
        must: { ratioAtLeast: 50 },
      },
    ];
  },
};

function read({ equity, metrics }: RunResult): unknown {
  return [equity.at(-1), metrics];
}
