import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectFiles } from "./project-files.ts";
import { templateNamed, templateNames } from "./templates.ts";

const common = [
  ".gitignore",
  "README.md",
  "generators/random-market.ts",
  "indicators/momentum.ts",
  "market.ts",
  "package.json",
  "qmtl.yml",
  "strategy.ts",
  "tests/building-blocks.test.ts",
  "tests/strategy.test.ts",
  "transforms/threshold.ts",
  "tsconfig.json",
];

describe.each(templateNames)("%s", (template) => {
  it("has the layout of every project", async () => {
    const files = await projectFiles({ folder: "/tmp/My Project", template, withSampleData: false });
    expect([...files.keys()].toSorted()).toEqual(common.toSorted());
    expect(files.get("market.ts")).toContain("randomMarket(");
    expect(files.get("README.md")).toMatch(/^# My Project\n/);
    // Run by itself, each listens to --world-id: backtesting instead would look like following a world.
    expect(files.get("strategy.ts")).toMatch(/runArguments\(process\.argv[\s\S]*followWorld\(/);
    expect(JSON.parse(files.get("package.json")!)).toMatchObject({
      name: "my-project",
      scripts: { start: "node strategy.ts", test: "node --test" },
      dependencies: { qmtl: expect.stringMatching(/^file:/) },
    });
  });
});

it("adds real bars, with a word on where they come from", async () => {
  const files = await projectFiles({ folder: "p", template: "general", withSampleData: true });
  expect([...files.keys()].toSorted()).toEqual([...common, "data/NOTICE.md", "data/sp500-2000.csv"].toSorted());
  expect(files.get("market.ts")).toContain("sp500-2000.csv");
  expect(files.get("data/sp500-2000.csv")!.split("\n")[1]).toMatch(/^2000-01-03,1469\.25/);
});

it.each([
  [join("a", "qmtl"), "qmtl-project"], // a package cannot depend on its own name
  ["_Odd.Näme_", "odd.n-me"],
  ["/", "project"],
])("names the package of %s %s", async (folder, name) => {
  const files = await projectFiles({ folder, template: "general", withSampleData: false });
  expect(JSON.parse(files.get("package.json")!)).toMatchObject({ name });
});

it("knows its templates by their exact names", () => {
  expect(templateNamed("branching")).toBe("branching");
  expect(() => templateNamed("Branching")).toThrow(`there is no template "Branching"; there are general,`);
  expect(() => templateNamed("__proto__")).toThrow("there is no template");
});
