import { QmtlError, shown } from "@qmtl/core";
import { alphaPerformance } from "@qmtl/engine/metrics";

export interface ReturnsReportOptions {
  readonly riskFreeRate?: number; // per period, default 0
  readonly transactionCost?: number; // per period, default 0
}

/**
 * Markdown for a file that holds nothing but periodic returns: a heading and one bullet per figure, six decimals.
 *
 * @param document - parsed JSON: `{"returns": [0.01, -0.02, ...]}`
 * @throws QmtlError `DATA_FORMAT` when it has another shape or an entry is not a number
 */
export function legacyReturnsReport(document: unknown, options: ReturnsReportOptions = {}): string {
  const figures = alphaPerformance(returnsOf(document), options);
  const bullets = Object.entries(figures).map(([name, value]: [string, number | null]) => {
    return `- **${titleCase(name)}**: ${value === null ? "not defined" : value.toFixed(6)}`;
  });
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

function titleCase(name: string): string {
  return name.replace(/(^|_)([a-z])/g, (_, gap: string, letter: string) => (gap ? " " : "") + letter.toUpperCase());
}
