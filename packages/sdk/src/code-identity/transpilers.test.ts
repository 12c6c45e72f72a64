import { build, type BuildOptions } from "esbuild";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeIdentityOf } from "./index.ts";
import { RecordedNode } from "./testing/recorded-node.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const fixtures = join(here, "fixtures");
const recordedNode = pathToFileURL(join(here, "testing/recorded-node.ts")).href;
let folder: string;
let underNode: Record<string, string>;

beforeAll(() => {
  // Inside the repository, so that the packages the fixtures import are found from the output as well.
  const parent = fileURLToPath(new URL("../../../../.tsbuild/", import.meta.url));
  mkdirSync(parent, { recursive: true });
  folder = mkdtempSync(join(parent, "code-identity-"));
  writeFileSync(join(folder, "recorded-node.cjs"), "exports.RecordedNode = globalThis.RecordedNode;");
  underNode = hashesOf(join(fixtures, "strategy.ts"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("one strategy, however it is run", () => {
  it("has a hash for every node under Node's own type stripping", () => {
    expect(Object.keys(underNode)).toEqual(["momentum", "helpers", "class", "packages", "syntax", "module"]);
    expect(new Set(Object.values(underNode)).size).toBe(6);
  });

  it("agrees with a twin that is renamed and reformatted", () => {
    const { class: _class, module: _module, ...expected } = underNode;
    expect(hashesOf(join(fixtures, "strategy-twin.ts"))).toEqual(expected);
  });

  it("agrees under vitest", async () => {
    RecordedNode.all.length = 0;
    await import("./fixtures/strategy.ts");
    const hashes = RecordedNode.all.map(({ name, compute, location }) => [
      name,
      codeIdentityOf(compute, { location }).hash,
    ]);
    expect(Object.fromEntries(hashes)).toEqual(underNode);
  });

  it.each<[string, BuildOptions]>([
    ["as it is", {}],
    ["with minified names", { minifyIdentifiers: true, minifyWhitespace: true }],
    ["with kept names", { keepNames: true }],
    ["with minified and kept names", { minifyIdentifiers: true, minifyWhitespace: true, keepNames: true }],
    ["as one immediately called function", { format: "iife" }],
    ["as CommonJS", { format: "cjs" }],
  ])("agrees when esbuild bundles it %s", async (_title, options) => {
    const format = options.format ?? "esm";
    const outfile = join(folder, `bundle-${_title.replaceAll(" ", "-")}.${format === "esm" ? "mjs" : "cjs"}`);
    await build({
      entryPoints: [join(fixtures, "strategy.ts")],
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      outfile,
      logLevel: "error",
      plugins: [
        {
          name: "sdk-stays-outside",
          setup(plugin) {
            const path = format === "esm" ? recordedNode : "./recorded-node.cjs";
            plugin.onResolve({ filter: /recorded-node/ }, () => ({ path, external: true }));
          },
        },
      ],
      ...options,
    });
    expect(hashesOf(outfile)).toEqual(underNode);
  });

  it.each([
    ["ES modules", ts.ModuleKind.ESNext, ".mjs"],
    ["CommonJS", ts.ModuleKind.CommonJS, ".cjs"],
  ])("agrees when tsc compiles it to %s", (_title, module, ending) => {
    const outputs = ["strategy", "indicators", "view"].map((name) => {
      const compiled = ts.transpileModule(readFileSync(join(fixtures, `${name}.ts`), "utf8"), {
        compilerOptions: { module, target: ts.ScriptTarget.ES2024, esModuleInterop: true },
      });
      const sdk = module === ts.ModuleKind.CommonJS ? "./recorded-node.cjs" : recordedNode;
      const text = compiled.outputText.replaceAll(/"(\.\.?\/[^"]*)\.ts"/g, (_all, path: string) =>
        path.endsWith("recorded-node") ? JSON.stringify(sdk) : JSON.stringify(path + ending),
      );
      const file = join(folder, name + ending);
      writeFileSync(file, text);
      return file;
    });
    writeFileSync(join(folder, "settings.json"), readFileSync(join(fixtures, "settings.json")));
    expect(basename(outputs[0] ?? "")).toBe(`strategy${ending}`);
    expect(hashesOf(outputs[0] ?? "")).toEqual(underNode);
  });
});

/** The hashes of all nodes a file builds, computed by a Node process of its own. */
function hashesOf(file: string): Record<string, string> {
  const script = join(fixtures, "print-identities.ts");
  const output = execFileSync(process.execPath, [script, pathToFileURL(file).href], { encoding: "utf8" });
  return JSON.parse(output) as Record<string, string>;
}
