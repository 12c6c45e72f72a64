import { ProcessingNode, type StreamInput } from "qmtl";

/** Return of the close over the last `bars` bars, as a fraction: `close / close[bars ago] - 1`. */
export function momentum(price: StreamInput, bars: number) {
  return new ProcessingNode({
    name: `momentum_${bars}`,
    input: price,
    period: bars + 1, // the first value comes with this many rows
    params: { bars },
    compute: (view, params) => view.value / view.column("close").at(-1 - params.bars) - 1,
  });
}
