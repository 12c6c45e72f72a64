import { expect, it } from "vitest";
import { paletteFor } from "./palette.ts";
import { renderTable } from "./table.ts";

const columns = [{ title: "node" }, { title: "rows", align: "right" }] as const;
const rows = [
  ["price", "5105"],
  ["fast", "9"],
];

it("lines up text to the left and numbers to the right", async () => {
  const text = await renderTable(columns, rows, paletteFor({ isTTY: false }, {}));
  expect(text.split("\n")).toEqual([
    "node   rows", //
    "───────────",
    "price  5105",
    "fast      9",
  ]);
});

it("has no colour codes in a pipe, and some on a terminal", async () => {
  const escape = "\u001b[";
  expect(await renderTable(columns, rows, paletteFor({ isTTY: false }, {}))).not.toContain(escape);
  expect(await renderTable(columns, rows, paletteFor({ isTTY: true }, {}))).toContain(escape);
});
