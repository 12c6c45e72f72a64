import { QmtlError, shown, type EpochMs, type JsonValue } from "@qmtl/core";
import type { NodeOptions } from "../strategy/node.ts";
import { FillIngestNode } from "./fill-ingest-node.ts";
import { OrderStageNode, type OrderContext, type OrderPayload, type OrderStage } from "./order-stage.ts";

/** The account after a close that had fills; positions that are flat are left out. */
export interface PortfolioSnapshot {
  readonly as_of: EpochMs;
  /** Account currency. */
  readonly cash: number;
  readonly equity: number;
  /** By symbol; `qty` is negative when short, prices are in quote currency. */
  readonly positions: Readonly<
    Record<string, { readonly qty: number; readonly avg_cost: number; readonly mark: number }>
  >;
}

/**
 * Records a {@link PortfolioSnapshot} after each close at which fills came in, and hands it on.
 *
 * The rule of one step: a snapshot of close T holds the fills of all bars that closed up to T, and no fill that the
 * orders of T themselves bring about, not even one at the close of T. So whoever decides at T + 1 knows everything of T.
 */
export class PortfolioNode extends OrderStageNode {
  readonly nodeType = "PortfolioNode";
  readonly params: JsonValue = null;

  constructor(fills: FillIngestNode, options: NodeOptions = {}) {
    super(fills, options);
    if (!(fills instanceof FillIngestNode)) {
      throw new QmtlError("NODE_INVALID", `a portfolio comes after a FillIngestNode; found ${shown(fills)}`);
    }
  }

  defaultName(): string {
    return "portfolio";
  }

  createStage(): OrderStage {
    // Fills come in at a close and the snapshot is taken at the same close: nothing is carried over to the next.
    let hasFills = false;
    return {
      handle: () => {
        hasFills = true;
        return undefined;
      },
      onClose: (context) => {
        if (!hasFills) return undefined;
        hasFills = false;
        return [portfolioSnapshot(context) as unknown as OrderPayload];
      },
    };
  }
}

function portfolioSnapshot({ account, instruments, nowMs }: OrderContext): PortfolioSnapshot {
  const positions: Record<string, { qty: number; avg_cost: number; mark: number }> = {};
  for (const [index, { symbol }] of instruments.entries()) {
    const { quantity, averagePrice, markPrice } = account.position(index);
    if (quantity !== 0) positions[symbol] = { qty: quantity, avg_cost: averagePrice, mark: markPrice };
  }
  return { as_of: nowMs, cash: account.cash, equity: account.equity, positions };
}
