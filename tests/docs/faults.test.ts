import { expect, it } from "vitest";
import { readPage } from "./blocks.ts";

const shownBy = [...readPage("docs/faults.md").matchAll(/^\| .* \| .* \| `([^`]+)`(?:: (.*))? \|$/gm)];

it("names a test for every fault", () => {
  const rows = readPage("docs/faults.md").match(/^\| (?!what|---).*\|$/gm) ?? [];
  expect(rows.length).toBeGreaterThan(20);
  expect(shownBy).toHaveLength(rows.length);
});

it.each(shownBy.map(([, file, title]) => [file!, title]))("%s shows: %s", (file, title = "") => {
  expect(readPage(file).replaceAll('\\"', '"')).toContain(title);
});
