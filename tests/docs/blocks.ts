// The code of README and docs, as the tests run it.
//
//   ```ts NAME.ts    a module: type-checked under the strict configuration, and run, in the page's own folder
//   ```ts            the same without a name
//   ```sh            commands, run in that folder: `qmtl` is the command line from its sources
//   ```yaml FILE     a file of that folder, written when its turn comes; any language will do
//   ```sh repository commands for a checkout; other tests run those (see repository-commands.test.ts)
//   … services       after any of these: it needs `qmtl up`, which runs on free ports while the page does; the addresses
//                    that the page shows are those of a `qmtl up` without settings
//   ```text          right after one of these: what it prints, where "…" stands for anything; elsewhere just text

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { root } from "../../scripts/build/repository.ts";

export interface Block {
  /** Path of the page below the checkout. */
  readonly page: string;
  /** Line of the opening fence, from 1. */
  readonly line: number;
  readonly language: string;
  readonly info: string;
  readonly code: string;
  /** The `text` block right after it. */
  readonly output: string | undefined;
}

/** Pages in Korean, by what they translate: they show the same code and commands. */
export const translations: Readonly<Record<string, string>> = {
  "README.md": "README.ko.md",
  "docs/workflow.md": "docs/workflow.ko.md",
};

/** README.md and everything below docs/ but translations, as paths below the checkout. */
export function documentationPages(): readonly string[] {
  const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".md") && !path.endsWith(".ko.md"))
    .map((path) => relative(root, join(root, "docs", path)).replaceAll("\\", "/"));
  return ["README.md", ...docs.toSorted()];
}

export function readPage(page: string): string {
  return readFileSync(join(root, page), "utf8");
}

export function blocksOf(page: string): readonly Block[] {
  const text = readPage(page);
  const fenced = [...text.matchAll(/^```(\w*)(?: +(.*?))? *\n([\s\S]*?)^```$/gm)];
  return fenced.map((match, index) => {
    const [whole, language = "", info = "", code = ""] = match;
    const next = fenced[index + 1];
    const between = next === undefined ? "" : text.slice(match.index + whole.length, next.index);
    const isOutput = next?.[1] === "text" && between.trim() === "";
    return {
      page,
      line: text.slice(0, match.index).split("\n").length,
      language,
      info,
      code,
      output: isOutput ? next[3] : undefined,
    };
  });
}

export const isModule = ({ language }: Block): boolean => language === "ts";
export const isCommands = ({ language, info }: Block): boolean => language === "sh" && info !== "repository";
export const isFile = (block: Block): boolean =>
  !isModule(block) && !isCommands(block) && namedFile(block) !== undefined;
export const needsServices = ({ info }: Block): boolean => info.split(" ").includes("services");

/** File name of a module or file block in its page's folder. */
export function fileNameOf(block: Block): string {
  return namedFile(block) ?? `block-at-line-${block.line}.ts`;
}

function namedFile({ info }: Block): string | undefined {
  return info.split(" ").find((word) => /^[\w./-]+\.\w+$/.test(word));
}
