import { build as runEsbuild, type Metafile, type Plugin } from "esbuild";
import { readFile } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { inRepository, root } from "./repository.ts";

/**
 * Bundles the entry points into `dist/`, dependencies included, so that installing the package downloads
 * nothing else. Code splitting keeps what is behind `import()` out of every start that does not need it.
 */
export async function bundle(entries: Readonly<Record<string, string>>): Promise<Metafile> {
  const workers = new Map<string, string>();
  // Workers are found while reading the sources, so what is written comes of a second pass that knows them all.
  await run(entries, workers, false);
  return run({ ...entries, ...Object.fromEntries(workers) }, workers, true);
}

async function run(
  entries: Readonly<Record<string, string>>,
  workers: Map<string, string>,
  write: boolean,
): Promise<Metafile> {
  const result = await runEsbuild({
    absWorkingDir: root,
    entryPoints: { ...entries },
    outdir: inRepository("dist"),
    // One flat folder: a path relative to `import.meta.url` is the same from an entry and from a chunk.
    entryNames: "[name]",
    chunkNames: "[name]-[hash]",
    write,
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    target: "node24",
    mainFields: ["module", "main"], // ES modules lose what is not used; CommonJS comes whole
    legalComments: "none", // they stand in THIRD-PARTY-NOTICES.txt
    metafile: true,
    logLevel: "warning",
    plugins: [workerFiles(workers)],
    banner: { js: requireForCommonJs },
  });
  return result.metafile;
}

/** Bundled CommonJS packages call `require("util")`, which an ES module does not have. */
const requireForCommonJs =
  'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);';

/**
 * `new URL("./sweep-worker.ts", import.meta.url)` names a file that is started, not imported. It becomes an
 * entry of its own, under the same name.
 */
function workerFiles(workers: Map<string, string>): Plugin {
  const pattern = /new URL\("(\.[^"]+)\.ts", import\.meta\.url\)/g;
  return {
    name: "worker-files",
    setup(build) {
      build.onLoad({ filter: /[\\/](packages|apps)[\\/][^\\/]+[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        const contents = source.replace(pattern, (_match, file: string) => {
          const name = basename(file);
          workers.set(name, resolve(dirname(path), `${file}.ts`));
          return `new URL("./${name}.js", import.meta.url)`;
        });
        return { contents, loader: "ts" };
      });
    },
  };
}
