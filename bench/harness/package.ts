import { spawnSync } from "node:child_process";
import { existsSync, globSync, statSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The `qmtl` command as it is published. */
export const qmtlCommand = `${root}dist/bin/qmtl.mjs`;

/** Builds the package when a source is newer than it: what is started as users start it must be today's. */
export function requireBuiltPackage(): void {
  const sources = globSync(["packages/*/src/**/*.ts", "apps/*/src/**/*.ts"], { cwd: root });
  const newest = sources.reduce((latest, file) => Math.max(latest, statSync(root + file).mtimeMs), 0);
  if (existsSync(qmtlCommand) && statSync(qmtlCommand).mtimeMs > newest) return;
  console.error("building the package (npm run build) ...");
  const { status } = spawnSync(process.execPath, [`${root}scripts/build.ts`], { cwd: root, stdio: ["ignore", 2, 2] });
  if (status !== 0) throw new Error("the package could not be built: the lines above say why");
}
