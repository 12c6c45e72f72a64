/** Bytes of a vector: the numbers of its sixteen lanes. */
export const lanes: readonly number[] = Array.from({ length: 16 }, (_, lane) => lane);

export function everyLane(byte: number): number[] {
  return lanes.map(() => byte);
}

/** Eight lanes of two bytes, the values in turn. */
export function shortLanes(...values: readonly number[]): number[] {
  return lanes.map((lane) => (values[(lane >> 1) % values.length]! >> ((lane & 1) * 8)) & 0xff);
}
