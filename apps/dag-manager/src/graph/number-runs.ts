/** Numbers as runs: first, count, first, count, ... Nodes of one strategy came one after the other. */
export type NumberRuns = readonly number[];

/** In the order they come in. */
export function runsOf(numbers: Iterable<number>): NumberRuns {
  const runs: number[] = [];
  let next = -1; // behind the last run
  for (const number of numbers) {
    if (number === next) runs[runs.length - 1]!++;
    else runs.push(number, 1);
    next = number + 1;
  }
  return runs;
}

export function* numbersIn(runs: NumberRuns): Generator<number> {
  for (let at = 0; at < runs.length; at += 2) {
    for (let offset = 0; offset < runs[at + 1]!; offset++) yield runs[at]! + offset;
  }
}

/** @param runs - of ascending numbers */
export function isInRuns(runs: NumberRuns, number: number): boolean {
  let [low, high] = [0, runs.length / 2]; // the run behind the one that may hold it lies between
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[2 * middle]! <= number) low = middle + 1;
    else high = middle;
  }
  return low > 0 && number < runs[2 * low - 2]! + runs[2 * low - 1]!;
}
