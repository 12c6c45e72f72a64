import { build as runEsbuild, type Metafile, type Plugin } from "esbuild";
import { readFile } from "node:fs/promises";
import { basename, dirname, relative, resolve, sep } from "node:path";
import { inRepository, root } from "./repository.ts";

/**
 * Bundles the entry points into `dist/`, dependencies included, so that installing the package downloads
 * nothing else. Code splitting keeps what is behind `import()` out of every start that does not need it.
 */
export async function bundle(entries: Readonly<Record<string, string>>): Promise<Metafile> {
  const workers = new Map<string, string>();
  // Workers, and which entries are loaded together, are found while reading the sources, so what is written comes of a second
  // pass that knows them all.
  const found = await run(entries, workers, new Set(), false);
  const together = new Set(nearMain(found));
  return run({ ...entries, ...Object.fromEntries(workers) }, workers, together, true);
}

/** What users import first, with everything it needs. */
const main = "packages/sdk/src/index.ts";

/** The sources of the entries, those behind `import()` included, that need a good part of what the main one needs. */
function nearMain({ outputs }: Metafile): string[] {
  const loadedBy = (
    path: string,
    loaded = new Map<string, number>(),
    seen = new Set<string>(),
  ): Map<string, number> => {
    if (seen.has(path)) return loaded;
    seen.add(path);
    const { inputs, imports } = outputs[path]!;
    for (const [file, { bytesInOutput }] of Object.entries(inputs)) loaded.set(file, bytesInOutput);
    for (const { kind, external, path: next } of imports) {
      if (kind === "import-statement" && external !== true) loadedBy(next, loaded, seen);
    }
    return loaded;
  };
  const entries = Object.entries(outputs).filter(([, { entryPoint }]) => entryPoint !== undefined);
  const [mainPath] = entries.find(([, { entryPoint }]) => entryPoint === main)!;
  const all = loadedBy(mainPath);
  const bytesOf = (files: Iterable<string>) => [...files].reduce((sum, file) => sum + (all.get(file) ?? 0), 0);
  return entries.flatMap(([path, { entryPoint }]) =>
    bytesOf(loadedBy(path).keys()) * 6 >= bytesOf(all.keys()) ? [entryPoint!] : [],
  );
}

async function run(
  entries: Readonly<Record<string, string>>,
  workers: Map<string, string>,
  together: ReadonlySet<string>,
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
    minifyWhitespace: true, // a start reads it all; names and statements stay, for stack traces
    lineLimit: 160, // an error that nobody catches shows the line it comes from
    legalComments: "none", // they stand in THIRD-PARTY-NOTICES.txt
    metafile: true,
    logLevel: "warning",
    plugins: [sources(workers, together)],
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
 *
 * What two sets of entries need is split at every border between them, and every piece costs a start. Entries that
 * need a good part of the main one import it whole, so that it stays in few pieces.
 */
function sources(workers: Map<string, string>, together: ReadonlySet<string>): Plugin {
  const pattern = /new URL\("(\.[^"]+)\.ts", import\.meta\.url\)/g;
  return {
    name: "sources",
    setup(build) {
      build.onLoad({ filter: /[\\/](packages|apps)[\\/][^\\/]+[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
        const source = await readFile(path, "utf8");
        const contents = source.replace(pattern, (_match, file: string) => {
          const name = basename(file);
          workers.set(name, resolve(dirname(path), `${file}.ts`));
          return `new URL("./${name}.js", import.meta.url)`;
        });
        const name = relative(root, path).split(sep).join("/");
        const whole = together.has(name) && name !== main ? `\nimport ${JSON.stringify(inRepository(main))};\n` : "";
        return { contents: contents + whole, loader: "ts" };
      });
    },
  };
}
