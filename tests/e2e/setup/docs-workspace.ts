import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { sampleDataPath } from "@qmtl/sdk/sample-data";
import { inRepository } from "../../../scripts/build/repository.ts";
import { installPackage } from "./installed-package.ts";

/** A folder outside the checkout where the installed `qmtl` can be imported and called. */
export interface Workspace {
  readonly folder: string;
  /** The file of the installed `qmtl`. */
  readonly command: string;
  readonly environment: Readonly<Record<string, string>>;
  /** A page's own folder, with the sample data in `data/`. */
  pageFolder(page: string): string;
  remove(): Promise<void>;
}

export async function createWorkspace(): Promise<Workspace> {
  const installed = await installPackage();
  const { folder, command } = installed;
  const write = (path: string, text: string, mode = 0o644) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text, { mode });
  };
  symlinkSync(inRepository("node_modules", "@types"), join(folder, "node_modules", "@types"), "junction");
  write("tsconfig.json", JSON.stringify(strictConfig));

  const [node, npm] = [process.execPath, execFileSync("bash", ["-c", "command -v npm"], { encoding: "utf8" }).trim()];
  write("bin/qmtl", `#!/bin/sh\nexec "${node}" "${command}" "$@"\n`, 0o755);
  write("bin/npx", '#!/bin/sh\nexec "$@"\n', 0o755);
  write("bin/npm", `#!/bin/sh\nexec "${npm}" "$@" --silent --offline --no-audit --no-fund\n`, 0o755);
  write("bin/node", `#!/bin/sh\nexec "${node}" "$@"\n`, 0o755);

  return {
    folder,
    command,
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
    remove: () => installed.remove(),
  };
}

const strictConfig = {
  extends: inRepository("tsconfig.base.json"),
  compilerOptions: {
    composite: false,
    declaration: false,
    emitDeclarationOnly: false,
    noEmit: true,
    types: ["node"],
  },
  include: ["pages/*/*.ts"],
};
