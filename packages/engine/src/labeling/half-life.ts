import { QmtlError } from "@qmtl/core";

/**
 * Half-life of mean reversion, in rows: `-ln 2 / ln(1 + b)` with b the least-squares slope of the next change on the
 * level (a discrete Ornstein-Uhlenbeck process).
 *
 * @param values - a level, e.g. a spread; at least three, all finite
 * @throws QmtlError `DATA_INVALID` when there are fewer than three, they do not vary, or do not revert (b not in (-1, 0))
 */
export function estimateHalfLife(values: ArrayLike<number>): number {
  const n = values.length - 1;
  if (n < 2) throw new QmtlError("DATA_INVALID", `a half-life needs at least 3 values; found ${values.length}`);
  let [meanLevel, meanChange] = [0, 0];
  for (let i = 0; i < n; i++) {
    meanLevel += values[i]! / n;
    meanChange += (values[i + 1]! - values[i]!) / n;
  }
  let [covariance, variance] = [0, 0];
  for (let i = 0; i < n; i++) {
    covariance += (values[i]! - meanLevel) * (values[i + 1]! - values[i]! - meanChange);
    variance += (values[i]! - meanLevel) ** 2;
  }
  if (variance === 0) throw new QmtlError("DATA_INVALID", "a half-life needs values that vary; found a flat series");
  const slope = covariance / variance;
  if (slope > -1 && slope < 0) return -Math.LN2 / Math.log1p(slope);
  throw new QmtlError(
    "DATA_INVALID",
    `the series does not revert to its mean: slope must be in (-1, 0); found ${slope}`,
    {
      details: { slope },
    },
  );
}
