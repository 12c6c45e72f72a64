/** Where a node's results belong. Each domain has its own cache, queues and books. */
export type ExecutionDomain = "backtest" | "dryrun" | "live" | "shadow";

/**
 * The domain a word stands for: `paper` is `dryrun`, `sandbox/eu` is `backtest`. The text is lower-cased and split on
 * `/` and `:`; blanks, `_` and `-` are dropped; the first part that is a known word decides. A text without one is
 * returned lower-cased: it is a namespace of its own, and never one that may send orders.
 */
export function executionDomainOf(text: string): string {
  const lower = text.trim().toLowerCase();
  for (const part of lower.split(/[/:]/)) {
    const domain = domainByWord.get(part.replace(/[\s_-]+/g, ""));
    if (domain !== undefined) return domain;
  }
  return lower;
}

/**
 * The domain of a world decision's `effective_mode`: validate and compute-only → backtest, paper → dryrun,
 * live → live, shadow → shadow. Anything else, and nothing at all, is backtest: doubt never trades.
 */
export function executionDomainOfMode(effectiveMode: unknown): ExecutionDomain {
  if (typeof effectiveMode !== "string") return "backtest";
  return (
    domainByMode.get(
      effectiveMode
        .trim()
        .toLowerCase()
        .replace(/[\s_-]+/g, ""),
    ) ?? "backtest"
  );
}

const domainByWord: ReadonlyMap<string, ExecutionDomain> = new Map([
  ...words(
    "backtest",
    "backtest backtesting compute computeonly offline sandbox sim simulation simulated validate validation",
  ),
  ...words("dryrun", "dryrun dryrunmode paper papermode papertrade papertrading papertrader"),
  ...words("live", "live prod production"),
  ...words("shadow", "shadow"),
]);

const domainByMode: ReadonlyMap<string, ExecutionDomain> = new Map([
  ...words("backtest", "validate computeonly"),
  ...words("dryrun", "paper papertrade papertrading"),
  ...words("live", "live active"),
  ...words("shadow", "shadow"),
]);

function words(domain: ExecutionDomain, list: string): [string, ExecutionDomain][] {
  return list.split(" ").map((word) => [word, domain]);
}
