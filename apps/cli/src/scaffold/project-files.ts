import { basename, resolve } from "node:path";
import { nodeDependency, qmtlDependency } from "./qmtl-dependency.ts";
import { templateFiles, type TemplateName } from "./templates.ts";

export interface ProjectOptions {
  readonly folder: string;
  readonly template: TemplateName;
  readonly withSampleData: boolean;
}

/** Every file of a new project by path, `/` between folders. */
export async function projectFiles(options: ProjectOptions): Promise<ReadonlyMap<string, string>> {
  const { folder, template, withSampleData } = options;
  const files = new Map([...(await templateFiles("_project")), ...(await templateFiles(template))]);
  for (const [from, to] of renamed(withSampleData)) {
    const text = files.get(from);
    files.delete(from);
    if (text !== undefined && to !== undefined) files.set(to, text);
  }
  files.set("package.json", `${JSON.stringify(packageJson(folder), null, 2)}\n`);
  if (withSampleData) {
    const { sampleDataName, sampleDataNotice, sampleDataText } = await import("@qmtl/sdk/sample-data");
    files.set(`data/${sampleDataName}`, sampleDataText());
    files.set("data/NOTICE.md", `${sampleDataNotice}\n`);
  }
  const title = titleOf(folder);
  for (const [path, text] of files) files.set(path, text.replaceAll("__PROJECT__", title));
  return files;
}

/** Files that are kept under another name, or that only one kind of project has. */
function renamed(withSampleData: boolean): readonly (readonly [string, string | undefined])[] {
  return [
    ["gitignore", ".gitignore"], // npm would leave a file of that name out of the package
    ["market.sample.ts", withSampleData ? "market.ts" : undefined],
    ["market.random.ts", withSampleData ? undefined : "market.ts"],
  ];
}

function packageJson(folder: string): object {
  const qmtl = qmtlDependency(folder);
  return {
    name: nameOf(folder),
    version: "0.1.0",
    private: true,
    type: "module",
    engines: { node: ">=24.6" },
    scripts: { start: "node strategy.ts", test: "node --test" },
    // A package from the registry brings its Node along by itself.
    dependencies: { qmtl, ...(qmtl.startsWith("file:") && nodeDependency(folder)) },
  };
}

function titleOf(folder: string): string {
  return basename(resolve(folder)) || "project";
}

/** A name npm takes: lower case, no leading dot or underscore. */
function nameOf(folder: string): string {
  const name = titleOf(folder)
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[._-]+|[._-]+$/g, "");
  // A package cannot depend on one of its own name.
  return name === "" || name === "qmtl" ? "qmtl-project" : name;
}
