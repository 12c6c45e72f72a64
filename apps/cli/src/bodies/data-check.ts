import { formatInterval } from "@qmtl/core";
import { dataCheck } from "../commands/data-check.ts";
import { renderTable } from "../shell/index.ts";

export const command = dataCheck(async ({ file, interval, timeZone, timeFormat }, { signal, palette }) => {
  const { inspectFile } = await import("@qmtl/sdk/history");
  const { findings, quality, calendar, notes } = await inspectFile(file, {
    signal,
    ...(interval !== undefined && { interval: Number.isNaN(Number(interval)) ? interval : Number(interval) }),
    ...(timeZone !== undefined && { timeZone }),
    ...(timeFormat !== undefined && { timeFormat: timeFormat as never }), // checked when it is read
  });
  const { rows, firstMs, lastMs, intervalMs, missingBuckets, digest } = quality;
  const errors = findings.filter(({ severity }) => severity === "error").length;
  const times = { first: timeText(firstMs), last: timeText(lastMs) };
  return {
    exitCode: errors > 0 ? 1 : 0,
    json: { file, rows, ...times, intervalMs, missingBuckets, calendar, digest, notes, findings },
    text: async () => {
      const range = rows === 0 ? "" : `, ${times.first} to ${times.last}`;
      const lines = [`${file}: ${rows} rows of ${formatInterval(intervalMs)}${range}`, ...notes, ""];
      if (findings.length === 0) return [...lines, "nothing found"].join("\n");
      const columns = [{ title: "finding" }, { title: "kind" }, { title: "rows", align: "right" as const }];
      const table = findings.map(({ rule, severity, count }) => [rule, severity, String(count)]);
      const messages = findings.map(({ message }) => message);
      return [...lines, await renderTable(columns, table, palette), "", ...messages].join("\n");
    },
  };
});

function timeText(timeMs: number | null): string | null {
  return timeMs === null ? null : new Date(timeMs).toISOString();
}
