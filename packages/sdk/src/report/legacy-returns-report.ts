import { QmtlError, shown } from "@qmtl/core";
import { alphaPerformance } from "@qmtl/engine/operators/alpha";

export interface ReturnsReportOptions {
  readonly riskFreeRate?: number; // per period, default 0
  readonly transactionCost?: number; // per period, default 0
}

/**
 * Markdown for a file that holds nothing but periodic returns: a heading and one bullet per figure, six decimals. The
 * drawdown is that of the running sum; nothing is annualised.
 *
 * @param document - parsed JSON: `{"returns": [0.01, -0.02, ...]}`
 * @throws QmtlError `DATA_FORMAT` when it has another shape or an entry is not a number
 */
export function legacyReturnsReport(document: unknown, options: ReturnsReportOptions = {}): string {
  const { sharpe, maxDrawdown, winRatio, profitFactor, carMdd, rarMdd } = alphaPerformance(returnsOf(document), {
    ...options,
    drawdown: "additive",
  });
  const bullets = [
    ["Sharpe", sharpe],
    ["Max Drawdown", maxDrawdown],
    ["Win Ratio", winRatio],
    ["Profit Factor", profitFactor],
    ["Car Mdd", carMdd],
    ["Rar Mdd", rarMdd],
  ].map(([name, value]) => `- **${name}**: ${typeof value === "number" ? value.toFixed(6) : "not defined"}`);
  return `# Backtest Report\n\n${bullets.join("\n")}\n`;
}

function returnsOf(document: unknown): number[] {
  const returns: unknown =
    typeof document === "object" && document !== null && "returns" in document ? document.returns : undefined;
  if (!Array.isArray(returns)) {
    throw new QmtlError(
      "DATA_FORMAT",
      `expected an object with a list "returns"; found ${shown(returns ?? document)}`,
      {
        hint: 'write for example {"returns": [0.01, -0.02]}',
      },
    );
  }
  return returns.map((value: unknown, i) => {
    if (typeof value === "number" && Number.isFinite(value)) return value;
    throw new QmtlError("DATA_FORMAT", `returns[${i}] must be a number; found ${shown(value)}`, {
      details: { index: i },
    });
  });
}
