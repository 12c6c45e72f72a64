import type { AnyOperator, Kernel } from "@qmtl/engine/operator";

export type Columns = readonly Float64Array[];

/** An operator with its resolved parameters and its inputs, one column for each of `operator.inputs`. */
export interface OperatorRun {
  readonly operator: AnyOperator;
  readonly params: unknown;
  readonly inputs: Columns;
}

/** One `advance` over everything: what the batch executor does. */
export function runBatch(run: OperatorRun): Columns {
  return runInChunks(run, []);
}

export function runRowByRow(run: OperatorRun): Columns {
  return runInChunks(
    run,
    Array.from({ length: rowsOf(run) }, (_, row) => row),
  );
}

/** One `advance` for each stretch between the cuts. */
export function runInChunks(run: OperatorRun, cuts: readonly number[]): Columns {
  const rows = rowsOf(run);
  const outputs = emptyOutputs(run, rows);
  const kernel = newKernel(run);
  const bounds = [0, ...cuts.filter((cut) => cut > 0 && cut < rows).toSorted((a, b) => a - b), rows];
  for (let index = 1; index < bounds.length; index++) {
    kernel.advance(run.inputs, outputs, bounds[index - 1]!, bounds[index]!);
  }
  return outputs;
}

/**
 * One row at a time through mirrored rings of the smallest size the operator declares, as the stream executor does:
 * a kernel that reads further back than `lookbackRows`, or relies on the index, reads the wrong rows.
 *
 * @param cuts - rows before which the kernel is saved and the state loaded into a fresh one
 */
export function runInMirroredRing(run: OperatorRun, cuts: readonly number[] = []): Columns {
  const rows = rowsOf(run);
  const capacity = run.operator.lookbackRows(run.params) + 1;
  const rings = run.inputs.map(() => new Float64Array(2 * capacity).fill(NEVER_WRITTEN));
  const ringOutputs = emptyOutputs(run, 2 * capacity);
  const outputs = emptyOutputs(run, rows);
  let kernel = newKernel(run);
  for (let row = 0; row < rows; row++) {
    if (cuts.includes(row)) kernel = restored(run, kernel);
    const slot = row % capacity;
    for (const [index, ring] of rings.entries()) ring[slot] = ring[slot + capacity] = run.inputs[index]![row]!;
    kernel.advance(rings, ringOutputs, slot + capacity, slot + capacity + 1);
    for (const [index, output] of outputs.entries()) output[row] = ringOutputs[index]![slot + capacity]!;
  }
  return outputs;
}

/** A number no test series holds: reading a row that was never there shows in the result. */
const NEVER_WRITTEN = 7.7e77;

function rowsOf(run: OperatorRun): number {
  return run.inputs[0]?.length ?? 0;
}

function emptyOutputs(run: OperatorRun, rows: number): Float64Array[] {
  return run.operator.outputs.map(() => new Float64Array(rows).fill(NEVER_WRITTEN));
}

function newKernel(run: OperatorRun): Kernel {
  return run.operator.createKernel(run.params);
}

function restored(run: OperatorRun, kernel: Kernel): Kernel {
  const fresh = newKernel(run);
  fresh.load(kernel.save());
  return fresh;
}
