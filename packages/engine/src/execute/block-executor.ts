import { assert, type NodeId } from "@qmtl/core";
import { ColumnPool } from "../columns/index.ts";
import type { Frame } from "../frame/index.ts";
import type { Kernel } from "../operator/index.ts";
import type { OperatorNode, Plan, PlannedNode } from "../plan/index.ts";
import { OutputColumns } from "../view/index.ts";

/**
 * Computes operators over one source block by block and keeps none of it: for readers that only look at rows as they
 * pass. A block stays in the processor's cache, where whole columns would be fresh memory, which costs more than the
 * arithmetic. The same kernels in the same order as the batch, hence the same bits.
 */
export class BlockExecutor {
  /** Rows of the source before the current block. */
  from = 0;
  /** Rows of the source up to the end of the current block. */
  to = 0;
  /** Position of the block's first row in its columns; before it stand the rows that operators look back at. */
  readonly offset: number;
  readonly #frame: Frame;
  readonly #source: NodeId;
  readonly #outputs = new Map<NodeId, OutputColumns>();
  readonly #columns: Float64Array[] = [];
  readonly #sources: { readonly whole: Float64Array; readonly block: Float64Array }[] = [];
  readonly #steps: { readonly kernel: Kernel; readonly inputs: Float64Array[]; readonly outputs: Float64Array[] }[] =
    [];
  readonly #rows: number; // of a block
  readonly #size: number;
  readonly #pool = new ColumnPool();

  /** Whether a plan is made of operators over one source. */
  static takes(plan: Plan): boolean {
    return (
      plan.grids.length === 1 && plan.nodes.every(({ node }) => node.kind === "operator" || node.kind === "source")
    );
  }

  /** @param without - nodes that nobody reads: they are not computed */
  constructor(plan: Plan, frames: ReadonlyMap<NodeId, Frame>, without: ReadonlySet<NodeId> = new Set()) {
    const [grid] = plan.grids;
    assert(BlockExecutor.takes(plan) && grid?.kind === "source", "a plan of operators over one source");
    this.#frame = frames.get(grid.source.id)!;
    this.offset = grid.lookbackRows;
    const computed = plan.nodes.filter(({ node }) => node.kind === "operator" && !without.has(node.id));
    this.#rows = rowsFor(computed);
    this.#size = grid.lookbackRows + this.#rows;
    this.#source = grid.source.id;
    for (const planned of computed) this.#addOperator(planned, planned.node as OperatorNode);
  }

  /** The rows `from..to-1` of a node's field stand at `offset` and after. */
  columnOf(id: NodeId, field: string): Float64Array {
    if (id === this.#source) return this.#sourceBlock(this.#frame.columns[field]);
    return this.#outputs.get(id)!.numeric.get(field)!;
  }

  /** Lets go of the blocks: columns that were handed out must not be touched again. */
  close(): void {
    this.#pool.releaseAll();
  }

  /** Computes the next block; false when there are no more rows. */
  advance(): boolean {
    const { offset } = this;
    const before = this.to - this.from;
    this.from = this.to;
    // The first block is small: code that is compiled while its first loop runs knows nothing of what follows the loop.
    this.to = Math.min(this.#frame.length, this.from + (this.from === 0 ? rowsOfFirstBlock : this.#rows));
    if (this.from === this.to) return false;
    if (offset > 0) for (const column of this.#columns) column.copyWithin(0, before, before + offset);
    for (const { whole, block } of this.#sources) {
      if (offset > 0) block.copyWithin(0, before, before + offset);
      block.set(whole.subarray(this.from, this.to), offset);
    }
    const end = offset + this.to - this.from;
    for (const { kernel, inputs, outputs } of this.#steps) kernel.advance(inputs, outputs, offset, end);
    return true;
  }

  #addOperator(planned: PlannedNode, { id, definition, params, inputs }: OperatorNode): void {
    let next = 0;
    const columns = definition.inputs.map((name) => {
      if (name === "time") return this.#sourceBlock(this.#frame.time);
      const input = planned.inputs[next]!.node;
      const { field } = inputs[next++]!;
      if (input.kind === "source") return this.#sourceBlock(this.#frame.columns[field]);
      return this.#outputs.get(input.id)!.numeric.get(field) ?? this.#absent();
    });
    const output = new OutputColumns(this.#size);
    for (const field of definition.outputs) output.setField(field, this.#absent());
    this.#outputs.set(id, output);
    const outputs = [...output.numeric.values()];
    this.#columns.push(...outputs);
    this.#steps.push({ kernel: definition.createKernel(params), inputs: columns, outputs });
  }

  #sourceBlock(whole: Float64Array | undefined): Float64Array {
    if (whole === undefined) return this.#absent();
    const known = this.#sources.find((source) => source.whole === whole);
    if (known) return known.block;
    const block = this.#absent();
    this.#sources.push({ whole, block });
    return block;
  }

  // A field that nobody has is absent throughout.
  #absent(): Float64Array {
    return this.#pool.take(this.#size).fill(Number.NaN);
  }
}

// As many rows as leave the columns of a block in the second cache: what a block costs by itself is shared by more of them.
function rowsFor(computed: readonly PlannedNode[]): number {
  const columns = computed.reduce((sum, { node }) => sum + (node as OperatorNode).definition.outputs.length, 1);
  return Math.min(rowsMax, Math.max(rowsMin, Math.floor(numbersPerBlock / columns)));
}

const numbersPerBlock = 24_576;
const rowsMin = 2_048;
const rowsMax = 6_144;
const rowsOfFirstBlock = 64;
