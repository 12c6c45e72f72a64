/** The `count` lowest values (all, when there are fewer), ascending: `values.sort()` cut short, without sorting the rest. */
export function lowest(values: Float64Array, count: number): Float64Array {
  if (count >= values.length) return values.slice().sort();
  // Values below a bound that a sample puts a little too high; should it be too low after all, sorting everything helps.
  const step = Math.max(1, Math.floor(values.length / 2_000));
  const sample = Float64Array.from({ length: Math.floor(values.length / step) }, (_, i) => values[i * step]!).sort();
  const share = count / values.length;
  const place = Math.ceil(sample.length * share + 4 * Math.sqrt(sample.length * share)) + 1;
  if (place >= sample.length) return values.slice().sort().subarray(0, count);
  const bound = sample[place]!;
  const below = new Float64Array(values.length);
  let size = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    // The store is unconditional: a branch on noise would be mispredicted.
    below[size] = value;
    size += value <= bound ? 1 : 0;
  }
  if (size < count) return values.slice().sort().subarray(0, count);
  return below.subarray(0, size).sort().subarray(0, count);
}
