import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { entryPoints, specifierOf } from "../../scripts/build/entry-points.ts";
import { packedTarball } from "./setup/packed-tarball.ts";

const execute = promisify(execFile);
const tool = (path: string): string => fileURLToPath(new URL(`../../node_modules/${path}`, import.meta.url));
const specifiers = Object.keys(entryPoints).map(specifierOf);

let folder: string;
let installed: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "qmtl-install-"));
  installed = join(folder, "node_modules", "qmtl");
  await writeFile(join(folder, "package.json"), `{ "name": "fixture", "private": true, "type": "module" }\n`);
  // Offline, and without the optional Node: the tarball has to be enough.
  await execute("npm", ["install", "--offline", "--omit=optional", packedTarball()], { cwd: folder });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the packed package", () => {
  it("installs alone", async () => {
    expect((await readdir(join(folder, "node_modules"))).filter((name) => !name.startsWith("."))).toEqual(["qmtl"]);
  });

  it("carries licences, notices and sample data, and stays small", async () => {
    const { size } = await stat(packedTarball());
    expect(size).toBeLessThan(4_000_000);
    expect(await readFile(join(installed, "LICENSE"), "utf8")).toContain("Apache License");
    expect(await readFile(join(installed, "dist", "THIRD-PARTY-NOTICES.txt"), "utf8")).toContain(
      "commander 15.1.0 (MIT)",
    );
    const bars = await readFile(join(installed, "dist", "sample-data", "sp500-2000.csv"), "utf8");
    expect(bars.trimEnd().split("\n")).toHaveLength(1 + 5_105); // a header, then the bars
  });

  it("can be imported under every name it exports", async () => {
    const script = `for (const name of ${JSON.stringify(specifiers)}) await import(name);`;
    await execute(process.execPath, ["--input-type=module", "--eval", script], { cwd: folder });
  });

  it("exports the names of its entry points, and nothing else", async () => {
    const { exports } = JSON.parse(await readFile(join(installed, "package.json"), "utf8")) as { exports: object };
    const exported = Object.keys(exports).filter((path) => path !== "./package.json");
    expect(exported.map((path) => path.replace(/^\./, "qmtl")).toSorted()).toEqual(specifiers.toSorted());
  });

  it("has declarations that a strict program compiles against, library checks included", async () => {
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(strictProgram));
    const imports = specifiers.map(
      (name, index) => `import * as m${index} from "${name}";\nexport type T${index} = typeof m${index};`,
    );
    await writeFile(join(folder, "names.ts"), imports.join("\n"));
    await writeFile(
      join(folder, "program.ts"),
      `import { Strategy } from "qmtl";\nexport class Mine extends Strategy {\n  override setup(): void {}\n}\n`,
    );
    const { stdout } = await execute(process.execPath, [tool("ts7/bin/tsc"), "-p", "."], { cwd: folder }).catch(
      outputOf,
    );
    expect(stdout).toBe("");
  });

  it("passes publint and are-the-types-wrong", async () => {
    const publint = await execute(process.execPath, [tool("publint/src/cli.js"), "--strict", packedTarball()]).catch(
      outputOf,
    );
    expect(publint.stdout).toContain("All good!");
    // The package is made of ES modules and read through "exports": how others resolve it is not in question.
    const attw = [tool("@arethetypeswrong/cli/dist/index.js"), "--profile", "esm-only", packedTarball()];
    const problems = await execute(process.execPath, attw).then(() => "", outputOf);
    expect(problems).toBe("");
  });
});

describe("the packed command", () => {
  const command = (): string => join(folder, "node_modules", ".bin", "qmtl");

  it("answers within 150 ms", async () => {
    const elapsedMs: number[] = [];
    for (let round = 0; round < 6; round++) {
      const startedMs = performance.now();
      const { stdout } = await execute(process.execPath, [command(), "--help"], { cwd: folder });
      elapsedMs.push(performance.now() - startedMs);
      expect(stdout).toContain("Usage: qmtl");
    }
    expect(Math.min(...elapsedMs)).toBeLessThan(150);
  });

  it("says in one sentence which Node it needs, and ends with 1", async () => {
    // An older Node is imitated by its version number: this is all the check looks at.
    const older = `data:text/javascript,Object.defineProperty(process.versions, "node", { value: "20.11.1" })`;
    const failure = await execute(process.execPath, ["--import", older, command()], { cwd: folder }).catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({
      code: 1,
      stdout: "",
      stderr:
        "qmtl needs Node.js 24.6 or newer and this is 20.11.1: install a newer one from https://nodejs.org and run the command again.\n",
    });
  });
});

const strictProgram = {
  compilerOptions: {
    strict: true,
    exactOptionalPropertyTypes: true,
    noUncheckedIndexedAccess: true,
    skipLibCheck: false,
    target: "es2024",
    lib: ["es2024", "dom"],
    module: "nodenext",
    types: [],
    noEmit: true,
  },
  files: ["names.ts", "program.ts"],
};

/** What a failing program printed, so that an assertion can show it. */
function outputOf(error: unknown): { stdout: string } {
  return { stdout: String((error as { stdout?: string }).stdout ?? error) };
}
