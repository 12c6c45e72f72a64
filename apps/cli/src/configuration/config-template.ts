import { settings, type Setting } from "@qmtl/service/config";
import { stringify } from "yaml";

/** A configuration that says what the defaults are, with a line about each setting. */
export function configTemplate(): string {
  const lines = ["# Settings of QMTL. Each line shows the default; what is not here keeps it."];
  let open: readonly string[] = [];
  for (const setting of settings) {
    const sections = setting.path.slice(0, -1);
    const shared = sections.findIndex((name, depth) => name !== open[depth]);
    const kept = shared === -1 ? sections.length : shared;
    sections.slice(kept).forEach((name, index) => {
      const depth = kept + index;
      lines.push(...(depth === 0 ? [""] : []), `${indent(depth)}${name}:`);
    });
    open = sections;
    lines.push(...settingLines(setting, sections.length));
  }
  return `${lines.join("\n")}\n`;
}

function settingLines({ path, schema }: Setting, depth: number): string[] {
  const value = stringify(schema.default, { collectionStyle: "flow", lineWidth: 0 }).trim();
  return [`${indent(depth)}# ${schema.description}`, `${indent(depth)}${path.at(-1)}: ${value}`];
}

function indent(depth: number): string {
  return "  ".repeat(depth);
}
