import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { sampleDataPath } from "@qmtl/sdk/sample-data";
import { entryPoints, specifierOf } from "../../scripts/build/entry-points.ts";
import { inRepository } from "../../scripts/build/repository.ts";

/** A folder outside the checkout where `qmtl` can be imported and called, from the sources. */
export interface Workspace {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A page's own folder, with the sample data in `data/`. */
  pageFolder(page: string): string;
  remove(): void;
}

export function createWorkspace(): Workspace {
  const folder = mkdtempSync(join(tmpdir(), "qmtl-docs-"));
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text, { mode });
  };
  const names = Object.keys(entryPoints);
  const exported = names.map((name) => [name === "index" ? "." : `./${name}`, `./${name}.js`] as const);
  const manifest = { name: "qmtl", version: "0.1.0", type: "module", exports: Object.fromEntries(exported) };
  write("package/package.json", JSON.stringify(manifest));
  for (const name of names) {
    write(`package/${name}.js`, `export * from "${pathToFileURL(inRepository(entryPoints[name]!)).href}";\n`);
  }
  mkdirSync(join(folder, "node_modules"));
  symlinkSync(join(folder, "package"), join(folder, "node_modules", "qmtl"), "junction");
  symlinkSync(inRepository("node_modules", "@types"), join(folder, "node_modules", "@types"), "junction");
  write("package.json", JSON.stringify({ private: true, type: "module" }));
  write("tsconfig.json", JSON.stringify(strictConfig(names)));

  const [node, npm] = [process.execPath, execFileSync("bash", ["-c", "command -v npm"], { encoding: "utf8" }).trim()];
  write("bin/qmtl", `#!/bin/sh\nexec "${node}" "${inRepository("apps", "cli", "src", "main.ts")}" "$@"\n`, 0o755);
  write("bin/npx", '#!/bin/sh\nexec "$@"\n', 0o755);
  // What it would install is linked above; tests/e2e installs the packed package.
  write("bin/npm", `#!/bin/sh\n[ "$1" = install ] || exec "${npm}" --silent "$@"\n`, 0o755);
  write("bin/node", `#!/bin/sh\nexec "${node}" "$@"\n`, 0o755);

  return {
    folder,
    environment: {
      PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
      HOME: folder,
      NO_COLOR: "1",
      NODE_COMPILE_CACHE: join(folder, "compiled"), // every block is a process: halves what they cost together
    },
    pageFolder(page) {
      const place = join(folder, "pages", page.replaceAll("/", "-"));
      mkdirSync(join(place, "data"), { recursive: true });
      copyFileSync(sampleDataPath(), join(place, "data", basename(sampleDataPath())));
      return place;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function strictConfig(names: readonly string[]): object {
  return {
    extends: inRepository("tsconfig.base.json"),
    compilerOptions: {
      composite: false,
      declaration: false,
      emitDeclarationOnly: false,
      noEmit: true,
      types: ["node"],
      paths: Object.fromEntries(names.map((name) => [specifierOf(name), [inRepository(entryPoints[name]!)]])),
    },
    include: ["pages/*/*.ts"],
  };
}
