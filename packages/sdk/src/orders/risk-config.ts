import { nearestWord, QmtlError, shown, type JsonValue } from "@qmtl/core";

/** Limits of one account. Fractions are of its equity, money is in its currency; null switches a limit off. */
export interface RiskConfig {
  /** Largest absolute value of one position, money. Default null. */
  readonly maxPositionSize: number | null;
  /** Largest absolute value of one position, fraction. Default 0.1. */
  readonly positionSizeLimitPercent: number | null;
  /** Largest share of one symbol. Default 0.2. */
  readonly maxConcentrationPercent: number | null;
  /** Largest sum of absolute position values, fraction. Default 3. */
  readonly maxLeverage: number | null;
  /** Largest fall of equity from its peak, fraction; from there on only reducing orders pass. Default 0.15. */
  readonly maxDrawdownPercent: number | null;
  /** Largest annualised volatility of daily equity returns; above it only reducing orders pass. Default 0.25. */
  readonly maxPortfolioVolatility: number | null;
  /** Cut an order that is too large to what fits (default), or refuse it. */
  readonly enableDynamicSizing: boolean;
  /** Daily returns that the volatility is measured on. Default 30. */
  readonly volatilityLookback: number;
  /** Fewer returns than this say nothing. Default 10. */
  readonly volatilityMinSamples: number;
}

export const defaultRiskConfig: RiskConfig = {
  maxPositionSize: null,
  positionSizeLimitPercent: 0.1,
  maxConcentrationPercent: 0.2,
  maxLeverage: 3,
  maxDrawdownPercent: 0.15,
  maxPortfolioVolatility: 0.25,
  enableDynamicSizing: true,
  volatilityLookback: 30,
  volatilityMinSamples: 10,
};

/** Defaults filled in. @throws QmtlError `PARAMETER_INVALID` for a limit that is unknown or out of range */
export function resolveRiskConfig(given: Partial<RiskConfig> = {}): RiskConfig {
  const known = Object.keys(defaultRiskConfig);
  for (const [key, value] of Object.entries(given)) {
    if (!known.includes(key)) {
      const guess = nearestWord(key, known);
      throw new QmtlError("PARAMETER_INVALID", `there is no risk limit "${key}"; there are ${known.join(", ")}`, {
        ...(guess !== undefined && { hint: `did you mean "${guess}"?` }),
      });
    }
    const expected = expectationOf(key as keyof RiskConfig, value);
    if (expected === undefined) continue;
    throw new QmtlError("PARAMETER_INVALID", `risk limit ${key} must be ${expected}; found ${shown(value)}`);
  }
  const config = { ...defaultRiskConfig, ...given };
  if (config.volatilityMinSamples > config.volatilityLookback) {
    throw new QmtlError(
      "PARAMETER_INVALID",
      `volatilityMinSamples must not be above volatilityLookback; found ${config.volatilityMinSamples} and ${config.volatilityLookback}`,
    );
  }
  return config;
}

function expectationOf(key: keyof RiskConfig, value: JsonValue): string | undefined {
  if (key === "enableDynamicSizing") return typeof value === "boolean" ? undefined : "true or false";
  if (key === "volatilityLookback" || key === "volatilityMinSamples") {
    return Number.isInteger(value) && (value as number) >= 2 ? undefined : "a whole number >= 2";
  }
  if (value === null || (typeof value === "number" && value >= 0 && value < Infinity)) return undefined;
  return "a number >= 0, or null for no limit";
}
