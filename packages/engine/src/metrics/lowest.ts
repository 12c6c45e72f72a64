/** The `count` lowest values (all, when there are fewer), ascending: `values.sort()` cut short, without sorting the rest. */
export function lowest(values: Float64Array, count: number): Float64Array {
  if (count >= values.length) return values.slice().sort();
  const below = valuesUpTo(values, boundAbove(values, count), Math.min(values.length, 2 * count + 1_000));
  return (below.length < count ? values.slice() : below).sort().subarray(0, count);
}

/** A value that a sample puts a little above the `count` lowest; where it is not, the caller sees too few of them. */
function boundAbove(values: Float64Array, count: number): number {
  const step = Math.max(1, Math.floor(values.length / 4_000));
  const sample = new Float64Array(Math.floor(values.length / step));
  for (let place = 0; place < sample.length; place++) sample[place] = values[place * step]!;
  const expected = (sample.length * count) / values.length;
  return sample.sort()[Math.ceil(expected + 4 * Math.sqrt(expected)) + 1] ?? Number.POSITIVE_INFINITY;
}

/** The values up to a bound, unsorted; none when they are more than `room`. */
function valuesUpTo(values: Float64Array, bound: number, room: number): Float64Array {
  const below = new Float64Array(room + 1);
  let size = 0;
  for (let i = 0; i < values.length && size <= room; i++) {
    const value = values[i]!;
    // The store is unconditional: a branch on noise would be mispredicted.
    below[size] = value;
    size += value <= bound ? 1 : 0;
  }
  return below.subarray(0, size > room ? 0 : size);
}
