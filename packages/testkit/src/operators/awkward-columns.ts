export interface ColumnOptions {
  /** No absent, infinite or repeated rows: a series on which every operator has its values on time. */
  readonly clean?: boolean;
}

/**
 * Columns for an operator's inputs, drawn from a seed: prices that wander, jump, stand still, go missing, or sit
 * on a large offset. High, low, open and close belong together; time runs in minutes.
 */
export function awkwardColumns(
  inputs: readonly string[],
  rows: number,
  seed: number,
  options: ColumnOptions = {},
): Float64Array[] {
  const random = uniform(seed);
  const offset = random() < 0.25 ? 1e9 : 100;
  const shared = series(rows, random, offset, options);
  return inputs.map((input) => {
    if (input === "time") return Float64Array.from({ length: rows }, (_, row) => 1_700_000_040_000 + row * 60_000);
    if (input === "volume") return series(rows, random, 0, options).map((value) => Math.abs(Math.round(value * 1_000)));
    const spread = spreads[input];
    if (spread === undefined) return series(rows, random, offset, options);
    return shared.map((value) => value + spread * random());
  });
}

const spreads: Readonly<Record<string, number>> = { open: 0, close: 0, price: 0, high: 1, low: -1 };

function series(rows: number, random: () => number, offset: number, options: ColumnOptions): Float64Array {
  const values = new Float64Array(rows);
  let level = offset + random();
  for (let row = 0; row < rows;) {
    const run = 1 + Math.floor(random() * 12);
    const mood = options.clean ? 1 : random();
    for (let index = 0; index < run && row < rows; index++, row++) {
      if (mood > 0.35) level += random() - 0.5;
      values[row] = level;
      if (mood < 0.12) values[row] = Number.NaN;
      else if (mood < 0.15 && index === 0) values[row] = level * 1e6;
      else if (mood < 0.17 && index === 0) values[row] = random() < 0.5 ? Infinity : -Infinity;
      else if (mood < 0.2 && index === 0) values[row] = random() < 0.5 ? 0 : -0;
      // From 0.2 to 0.35 the series stands still.
    }
  }
  return values;
}

/** Numbers in [0, 1). @see Steele, Lea, Flood, OOPSLA 2014 (splitmix), in 32 bits */
function uniform(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return ((mixed ^ (mixed >>> 15)) >>> 0) / 2 ** 32;
  };
}
