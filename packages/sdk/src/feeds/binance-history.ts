import { QmtlError, shown, type EpochMs, type IntervalMs } from "@qmtl/core";
import type { Frame } from "@qmtl/engine/frame";
import type { TimeRange } from "../history/index.ts";
import { binanceInterval, binanceSymbol } from "./binance-messages.ts";

/** Most bars of one answer. */
const pageRows = 1_000;
const requestMsMax = 10_000;

/**
 * Bars with `start <= time < end`, oldest first, over as many requests as it takes. A bucket without trades gives no
 * bar there, so it gives none here.
 *
 * @throws QmtlError `DEPENDENCY_UNAVAILABLE` when the exchange does not answer, `DEPENDENCY_FAILED` for an answer that
 * is no list of bars
 * @see Binance spot API, "Kline/Candlestick data": GET /api/v3/klines, limit 1000
 */
export async function fetchBinanceBars(
  restUrl: string,
  symbol: string,
  intervalMs: IntervalMs,
  { start, end }: TimeRange,
): Promise<Frame> {
  const rows: number[][] = [];
  for (let fromMs = start; fromMs < end;) {
    const page = await fetchPage(restUrl, symbol, intervalMs, fromMs, end);
    for (const row of page) if (row[0]! >= fromMs && row[0]! < end) rows.push(row);
    const last = rows.at(-1)?.[0];
    if (page.length < pageRows || last === undefined || last < fromMs) break;
    fromMs = last + intervalMs;
  }
  const column = (place: number): Float64Array => Float64Array.from(rows, (row) => row[place]!);
  const [open, high, low, close, volume] = [column(1), column(2), column(3), column(4), column(5)];
  return { intervalMs, length: rows.length, time: column(0), columns: { open, high, low, close, volume } };
}

async function fetchPage(
  restUrl: string,
  symbol: string,
  intervalMs: IntervalMs,
  fromMs: EpochMs,
  endMs: EpochMs,
): Promise<readonly number[][]> {
  const query = new URLSearchParams({
    symbol: binanceSymbol(symbol),
    interval: binanceInterval(intervalMs),
    startTime: String(fromMs),
    endTime: String(endMs - 1),
    limit: String(pageRows),
  });
  const url = `${restUrl}/api/v3/klines?${query.toString()}`;
  let response: Response;
  try {
    response = await fetch(url, { signal: AbortSignal.timeout(requestMsMax) });
  } catch (cause) {
    throw new QmtlError("DEPENDENCY_UNAVAILABLE", `the exchange at ${restUrl} does not answer`, {
      details: { url },
      hint: "check the network and restUrl; what is missing stays missing until it answers",
      cause,
    });
  }
  if (!response.ok) {
    throw new QmtlError("DEPENDENCY_UNAVAILABLE", `the exchange at ${restUrl} answered ${response.status}`, {
      details: { url, status: response.status },
    });
  }
  return barsOf(await response.json(), url);
}

function barsOf(answer: unknown, url: string): readonly number[][] {
  if (Array.isArray(answer)) {
    const rows = answer.map((row: unknown) => (Array.isArray(row) ? row.slice(0, 6).map(Number) : []));
    if (rows.every((row) => row.length === 6 && row.every(Number.isFinite))) return rows;
  }
  throw new QmtlError("DEPENDENCY_FAILED", `the exchange must answer with a list of bars; found ${shown(answer)}`, {
    details: { url },
  });
}
