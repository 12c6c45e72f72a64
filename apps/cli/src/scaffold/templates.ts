import { nearestWord, QmtlError } from "@qmtl/core";
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";

/** Strategies a project can start from, the simplest first. Each is a folder below `templates`. */
export const templateNames = [
  "general",
  "single_indicator",
  "multi_indicator",
  "branching",
  "state_machine",
  "order_pipeline",
  "parallel_strategies",
] as const;
export type TemplateName = (typeof templateNames)[number];

/** @throws QmtlError `TEMPLATE_UNKNOWN` */
export function templateNamed(name: string): TemplateName {
  const found = templateNames.find((each) => each === name);
  if (found !== undefined) return found;
  const guess = nearestWord(name, templateNames);
  throw new QmtlError("TEMPLATE_UNKNOWN", `there is no template "${name}"; there are ${templateNames.join(", ")}`, {
    details: { found: name, templates: [...templateNames] },
    ...(guess !== undefined && { hint: `did you mean "${guess}"?` }),
  });
}

/** Texts of a folder of templates by path, `/` between folders: what all projects share is in `_project`. */
export async function templateFiles(name: TemplateName | "_project"): Promise<ReadonlyMap<string, string>> {
  const folder = join(templatesFolder(), name);
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map(({ parentPath, name: file }) => join(parentPath, file));
  const texts = await Promise.all(
    paths.toSorted().map(async (path) => {
      const place = path.slice(folder.length + 1).replaceAll(sep, "/");
      return [place, await readFile(path, "utf8")] as const;
    }),
  );
  return new Map(texts);
}

// Beside the bundle in the package, two folders up in a checkout.
function templatesFolder(): string {
  const places = ["./templates/", "../../templates/"].map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = places.find((place) => existsSync(join(place, "_project")));
  if (found !== undefined) return found;
  throw new QmtlError("FILE_NOT_FOUND", "the templates are not installed", {
    details: { looked: places },
    hint: "install qmtl again",
  });
}
