import { QmtlError } from "@qmtl/core";
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { captureLocation, codeIdentityOf, type CodeIdentity } from "./index.ts";
import { filePathOf, parseStack } from "./location.ts";

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true, force: true })));

const compute = "(view) => smooth(view.close) + depth";
const strategy = `import { smooth } from "./lib/indicators.ts";\nimport { depth } from "ta";\nnew Node({ compute: ${compute} });\n`;
const indicators = "const weight: number = 0.5;\nexport const smooth = (value: number) => value * weight;\n";
const project = {
  "strategy.ts": strategy,
  "lib/indicators.ts": indicators,
  "node_modules/ta/package.json": '{ "name": "ta", "version": "1.2.3" }',
};

describe("what a hash covers beyond the function", () => {
  const base = identityIn(project);

  it("lists the parts and the packages", () => {
    expect(base.parts.map(({ role, name, file, line }) => [role, name, file, line])).toEqual([
      ["compute", "compute", "strategy.ts", 3],
      ["function", "smooth", "lib/indicators.ts", 2],
      ["constant", "weight", "lib/indicators.ts", 1],
    ]);
    expect(base.packages).toEqual([{ name: "ta", version: "1.2.3" }]);
  });

  it.each<[string, Record<string, string>]>([
    ["a helper's helper is renamed", { "lib/indicators.ts": indicators.replaceAll("weight", "factor") }],
    [
      "the module moves",
      { "strategy.ts": strategy.replace("./lib/indicators.ts", "./other.ts"), "other.ts": indicators },
    ],
    [
      "the helper is renamed where it is exported",
      { "lib/indicators.ts": indicators.replace("export const smooth", "const mean") + "export { mean as smooth };\n" },
    ],
    ["the helper is passed on", { "lib/indicators.ts": 'export * from "./deep.ts";\n', "lib/deep.ts": indicators }],
    [
      "the helper is a default export",
      {
        "lib/indicators.ts": 'export { default as smooth } from "./deep.ts";\n',
        "lib/deep.ts": indicators.replace("export const smooth =", "export default"),
      },
    ],
    ["what it does not reach changes", { "lib/indicators.ts": `${indicators}export const unrelated = Date.now();\n` }],
    ["modules import each other", { "lib/indicators.ts": `import "../strategy.ts";\n${indicators}` }],
  ])("stays when %s", (_what, changes) => expect(identityIn({ ...project, ...changes }).hash).toBe(base.hash));

  it.each<[string, Record<string, string>]>([
    ["a constant of a helper", { "lib/indicators.ts": indicators.replace("0.5", "0.6") }],
    ["the helper", { "lib/indicators.ts": indicators.replace("value *", "value /") }],
    ["the version of a package", { "node_modules/ta/package.json": '{ "name": "ta", "version": "1.2.4" }' }],
    ["the export of a package", { "strategy.ts": strategy.replace("{ depth }", "{ width as depth }") }],
    ["the entry of a package", { "strategy.ts": strategy.replace('"ta"', '"ta/fast"') }],
  ])("changes with %s", (_what, changes) => expect(identityIn({ ...project, ...changes }).hash).not.toBe(base.hash));

  it.each<[string, Record<string, string>, RegExp]>([
    ["a package is not installed", { "node_modules/ta/package.json": "" }, /package "ta" is not installed/],
    [
      "a module is not there",
      { "strategy.ts": strategy.replace("./lib/", "./gone/") },
      /"\.\/gone\/indicators\.ts".* is not there/,
    ],
    ["a module does not parse", { "lib/indicators.ts": "export const smooth = (;" }, /indicators\.ts cannot be read/],
    ["an export is not there", { "lib/indicators.ts": "export const rough = 1;" }, /has no export "smooth"/],
    [
      "its own file does not parse",
      { "strategy.ts": `${strategy}enum Side { long }` },
      /strategy\.ts cannot be read: .*enum/i,
    ],
    [
      "its file changed after it was loaded",
      { "strategy.ts": strategy.replace("+ depth", "- depth") },
      /changed after it was loaded/,
    ],
  ])("says so when %s", (_what, changes, message) => {
    let error: unknown;
    try {
      identityIn({ ...project, ...changes });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(QmtlError);
    expect(error).toMatchObject({ code: "CODE_UNREADABLE", message: expect.stringMatching(message) as string });
  });

  it("reads a file again when it changed", () => {
    const folder = write(project);
    expect(identityAt(folder).hash).toBe(base.hash);
    const helper = join(folder, "lib/indicators.ts");
    writeFileSync(helper, indicators.replace("0.5", "0.7"));
    utimesSync(helper, 1, 1); // as a later save would, on file systems with coarse times too
    expect(identityAt(folder).hash).not.toBe(base.hash);
  });
});

describe("where a node is built", () => {
  it("is the caller's line, not the SDK's", () => {
    const location = captureLocation();
    expect(location?.file).toBe(filePathOf(import.meta.url));
    expect(location?.line).toBeGreaterThan(1);
  });

  it("reads every form of a frame, and only files", () => {
    const frames = parseStack(
      [
        "Error: location",
        "    at new ProcessingNode (file:///home/a%20b/strategy.ts?v=2:10:7)",
        "    at Object.<anonymous> (/srv/app/run.cjs:3:1)",
        "    at async /srv/app/main.mjs:4:5",
        "    at ModuleJob.run (node:internal/modules/esm/module_job:430:25)",
        "    at eval (eval at x (REPL1:1:1), <anonymous>:1:1)",
        "    at Array.map (<anonymous>)",
      ].join("\n"),
    );
    expect(frames).toEqual([
      { file: "/home/a b/strategy.ts", line: 10, column: 7 },
      { file: "/srv/app/run.cjs", line: 3, column: 1 },
      { file: "/srv/app/main.mjs", line: 4, column: 5 },
    ]);
  });
});

function write(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "code-identity-"));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

function identityIn(files: Record<string, string>): CodeIdentity {
  return identityAt(write(files));
}

/** The identity of the function in the folder's strategy, as a fresh run would have it. */
function identityAt(folder: string): CodeIdentity {
  // oxlint-disable-next-line typescript/no-implied-eval -- the text is that of the file; nothing in it is called
  const fn = new Function(`return ${compute}`)() as Function;
  return codeIdentityOf(fn, { location: { file: join(folder, "strategy.ts"), line: 3, column: 1 } });
}
