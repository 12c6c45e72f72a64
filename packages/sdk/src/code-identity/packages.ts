import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface PackageVersion {
  readonly name: string;
  /** The installed version; `"builtin"` for modules that come with Node. */
  readonly version: string;
}

export interface PackageImport extends PackageVersion {
  /** What follows the name in the import: `/fp` of `lodash/fp`, else empty. */
  readonly subpath: string;
}

/** The package an import names, as installed for `file`; `undefined` when there is none. */
export function packageOf(specifier: string, file: string): PackageImport | undefined {
  if (isBuiltin(specifier)) {
    return { name: specifier.startsWith("node:") ? specifier : `node:${specifier}`, version: "builtin", subpath: "" };
  }
  const match = /^(?:@[^/]+\/)?[^/]+/.exec(specifier);
  if (match === null) return undefined;
  const [name] = match;
  const version = name === "qmtl" ? ownVersion() : installedVersion(name, dirname(file));
  return version === undefined ? undefined : { name, version, subpath: specifier.slice(name.length) };
}

/** The product itself, whatever path it is imported by. */
export function ownPackage(): PackageImport {
  return { name: "qmtl", version: ownVersion(), subpath: "" };
}

const versions = new Map<string, string | undefined>();

function installedVersion(name: string, folder: string): string | undefined {
  const key = `${name}\n${folder}`;
  if (!versions.has(key)) versions.set(key, findVersion(name, folder));
  return versions.get(key);
}

/** Node's own search: `node_modules` of every folder upwards, or the package the file itself belongs to. */
function findVersion(name: string, folder: string): string | undefined {
  const installed = readManifest(join(folder, "node_modules", name, "package.json"));
  if (installed) return installed.version ?? "0.0.0";
  const own = readManifest(join(folder, "package.json"));
  if (own?.name === name) return own.version ?? "0.0.0";
  const parent = dirname(folder);
  return parent === folder ? undefined : findVersion(name, parent);
}

let ownVersionFound: string | undefined;

function ownVersion(): string {
  if (ownVersionFound === undefined) {
    let folder = dirname(fileURLToPath(import.meta.url));
    while (ownVersionFound === undefined && dirname(folder) !== folder) {
      ownVersionFound = readManifest(join(folder, "package.json"))?.version;
      folder = dirname(folder);
    }
  }
  return ownVersionFound ?? "0.0.0";
}

function readManifest(path: string): { name?: string; version?: string } | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as { name?: string; version?: string };
  } catch {
    return undefined; // not there, or not a manifest: the search goes on
  }
}
