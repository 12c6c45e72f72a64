import { expect, it } from "vitest";
import { defaultBrokerOptions } from "@qmtl/engine/broker";
import { metricsOfEquity } from "@qmtl/engine/metrics";
import { qualityRules } from "@qmtl/sdk/data-quality";
import { commandTree, type CommandEntry } from "../../apps/cli/src/program/tree.ts";
import { readPage } from "./blocks.ts";

it("fills.md names every broker option with its default", () => {
  const stated = rowsOf("docs/fills.md", "option", "default").map(([name, value]) => [name, JSON.parse(value!)]);
  expect(Object.fromEntries(stated)).toEqual(defaultBrokerOptions);
});

it("data.md names every check", () => {
  expect(rowsOf("docs/data.md", "rule", "severity").map(([rule, severity]) => [rule, severity])).toEqual(
    Object.entries(qualityRules).map(([rule, { severity }]) => [rule, severity]),
  );
});

it("metrics.md defines every figure", () => {
  const figures = Object.keys(
    metricsOfEquity({ times: new Float64Array(0), equity: new Float64Array(0) }, [], {
      calendar: "24x7",
      startEquity: 1,
      intervalMs: 86_400_000,
    }),
  );
  const defined = rowsOf("docs/metrics.md", "figure", "definition").map(([name]) => name!);
  expect(figures.filter((name) => !defined.some((cell) => cell.split("`, `").includes(name)))).toEqual([]);
});

it("cli.md describes every command", () => {
  const headings = [...readPage("docs/cli.md").matchAll(/^## `?qmtl ([a-z -]+)`?$/gm)].map(([, words]) => words!);
  expect(headings.toSorted()).toEqual(commandsOf(commandTree).toSorted());
});

function commandsOf(entries: readonly CommandEntry[]): readonly string[] {
  return entries.flatMap((entry) =>
    "commands" in entry ? commandsOf(entry.commands).map((words) => `${entry.name} ${words}`) : [entry.name],
  );
}

/** Cells of the page's tables with these first two column titles, without the backticks around them. */
function rowsOf(page: string, ...titles: readonly [string, string]): readonly (readonly string[])[] {
  const tables = readPage(page).match(/^(\|.*\n)+/gm) ?? [];
  return tables
    .map((table) => table.trim().split("\n").map(cellsOf))
    .filter(([header]) => header![0] === titles[0] && header![1] === titles[1])
    .flatMap(([, , ...rows]) => rows);
}

function cellsOf(line: string): readonly string[] {
  return line
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replace(/^`(.*)`$/, "$1"));
}
