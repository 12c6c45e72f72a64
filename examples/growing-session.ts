// A run that goes on: history first, then a row at a time, as rows would come from a market. At every moment the result
// is that of one run over all rows so far, to the last bit.
//
//   node examples/growing-session.ts

import {
  crossover,
  ema,
  loadFrame,
  positionTarget,
  Runner,
  sampleDataPath,
  Strategy,
  StreamInput,
  type Frame,
} from "qmtl";

export class EmaTrend extends Strategy {
  override setup(): void {
    const instrument = { symbol: "SP500", calendar: "us_equity" } as const;
    const price = new StreamInput({ name: "price", interval: "1d", instrument });
    const [fast, slow] = [ema(price, 10), ema(price, 50)];
    const cross = crossover(fast, slow);
    this.addNodes(price, fast, slow, cross, positionTarget(cross, { instrument: price, long: 1, short: 0 }));
  }
}

function rows({ intervalMs, time, columns }: Frame, from: number, to: number): Frame {
  const part = Object.entries(columns).map(([field, column]) => [field, column.subarray(from, to)] as const);
  return { intervalMs, length: to - from, time: time.subarray(from, to), columns: Object.fromEntries(part) };
}

if (import.meta.main) {
  const { frame } = await loadFrame(sampleDataPath());
  await using session = await Runner.session(EmaTrend, { data: rows(frame, 0, 5_000) });
  for (let row = 5_000; row < frame.length; row++) {
    session.append(rows(frame, row, row + 1));
    if (row % 20 === 0)
      console.log(new Date(frame.time[row]!).toISOString().slice(0, 10), session.result().equity.at(-1));
  }
  const whole = await Runner.offline(EmaTrend, { data: frame });
  console.log(session.result().equity.at(-1) === whole.equity.at(-1) ? "equal to one run" : "different from one run");
}
