// What the sources say of the operators and no running program can: docstrings, parameters, factories.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { inRepository } from "../build/repository.ts";

/** A parameter as an operator's `resolve` reads it. */
export interface ParameterSource {
  readonly name: string;
  /** Words for the values it takes. */
  readonly values: string;
  /** As written: `14`, `"wilder"`, `2 / (period + 1)`; undefined when it has to be given. */
  readonly fallback: string | undefined;
}

export interface Documented {
  readonly docstring: string;
  readonly parameters: readonly ParameterSource[];
}

/** How a factory of the SDK takes its inputs, and which definition it stands on. */
export interface Factory {
  readonly name: string;
  readonly kind: "scalarOperator" | "columnsOperator" | "pairOperator" | "bookOperator";
  readonly definition: string;
}

/** Exported declarations below a folder by name. Tests are left out. */
export function documentedExports(folder: string): ReadonlyMap<string, Documented> {
  const files = sourceFiles(inRepository(folder));
  const named = namedDeclarations(files);
  const found = new Map<string, Documented>();
  for (const file of files) {
    for (const statement of file.statements) {
      if (!isExported(statement)) continue;
      for (const [name, node] of declarationsOf(statement)) {
        const docstring = docstringOf(statement, file);
        if (docstring !== "") found.set(name, { docstring, parameters: parametersOf(node, named) });
      }
    }
  }
  return found;
}

/** The factories of an index file, under the headings that its comments give, in its order. */
export function factoriesOf(path: string): ReadonlyMap<string, readonly Factory[]> {
  const sections = new Map<string, Factory[]>();
  let heading = "";
  for (const line of readFileSync(inRepository(path), "utf8").split("\n")) {
    const words = /^\/\/ ([A-Z][^.]*)$/.exec(line)?.[1];
    if (words !== undefined) heading = words;
    const [, name, kind, definition] = /^export const (\w+) = (\w+)\(\w+\.(\w+)\);$/.exec(line) ?? [];
    if (name === undefined) continue;
    if (!sections.has(heading)) sections.set(heading, []);
    sections.get(heading)!.push({ name, kind: kind as Factory["kind"], definition: definition! });
  }
  return sections;
}

type Declarations = ReadonlyMap<string, ts.Node>;

function sourceFiles(folder: string): readonly ts.SourceFile[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .toSorted()
    .map((path) => ts.createSourceFile(path, readFileSync(join(folder, path), "utf8"), ts.ScriptTarget.Latest, true));
}

function namedDeclarations(files: readonly ts.SourceFile[]): Declarations {
  return new Map(files.flatMap((file) => file.statements.flatMap((statement) => declarationsOf(statement))));
}

function declarationsOf(statement: ts.Statement): readonly (readonly [string, ts.Node])[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((each) => [each.name.getText(), each.initializer ?? each]);
  }
  const isNamed = ts.isFunctionDeclaration(statement) || ts.isTypeAliasDeclaration(statement);
  return isNamed && statement.name !== undefined ? [[statement.name.text, statement]] : [];
}

function isExported(statement: ts.Statement): boolean {
  return (
    ts.canHaveModifiers(statement) &&
    (ts.getModifiers(statement) ?? []).some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)
  );
}

function docstringOf(statement: ts.Statement, file: ts.SourceFile): string {
  const comment = ts.getLeadingCommentRanges(file.text, statement.pos)?.at(-1);
  const text = comment && file.text.slice(comment.pos, comment.end);
  if (!text?.startsWith("/**")) return "";
  return text
    .slice(3, -2)
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, "").trimEnd())
    .join("\n")
    .trim();
}

function parametersOf(node: ts.Node, named: Declarations): readonly ParameterSource[] {
  const found: ParameterSource[] = [];
  const visit = (child: ts.Node): void => {
    if (ts.isCallExpression(child) && ts.isIdentifier(child.expression)) {
      const reader = child.expression.text;
      const parameter = readers[reader]?.(child.arguments.slice(1), named);
      if (parameter !== undefined) found.push(parameter);
      // A reader of the operators' own, such as readCascadeSeed: what it reads counts as read here.
      else if (reader.startsWith("read") && named.has(reader)) found.push(...parametersOf(named.get(reader)!, named));
    }
    ts.forEachChild(child, visit);
  };
  // A family of operators is made by a function of its own: what that reads, each member reads.
  if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) visit(named.get(node.expression.text) ?? node);
  visit(node);
  return found.filter(({ name }, index) => found.findIndex((each) => each.name === name) === index);
}

type Arguments = readonly ts.Expression[];

// Those of kernel-parts/params.ts; their arguments after the record they read from.
const readers: Readonly<Record<string, (given: Arguments, named: Declarations) => ParameterSource>> = {
  readPeriod: ([name, fallback, least]) => ({
    name: textOf(name!),
    values: `whole number of rows, at least ${least?.getText() ?? "1"}`,
    fallback: written(fallback),
  }),
  readRows: ([name, fallback]) => ({
    name: textOf(name!),
    values: "whole number of rows, 0 included",
    fallback: written(fallback),
  }),
  readNumber: ([name, fallback, bounds]) => ({
    name: textOf(name!),
    values: boundsOf(bounds),
    fallback: written(fallback),
  }),
  readChoice: ([name, choices, fallback], named) => ({
    name: textOf(name!),
    values: choicesOf(choices!, named),
    fallback: written(fallback),
  }),
  readOptional: ([name]) => ({ name: textOf(name!), values: "number, or null", fallback: "null" }),
  readFlag: ([name, fallback]) => ({ name: textOf(name!), values: "true or false", fallback: written(fallback) }),
};

function written(expression: ts.Expression | undefined): string | undefined {
  return expression === undefined || expression.getText() === "undefined" ? undefined : expression.getText();
}

function textOf(expression: ts.Expression): string {
  return ts.isStringLiteral(expression) ? expression.text : expression.getText();
}

function boundsOf(bounds: ts.Expression | undefined): string {
  if (bounds === undefined || !ts.isObjectLiteralExpression(bounds)) return "number";
  const words: Readonly<Record<string, string>> = { min: "at least", above: "above", max: "at most" };
  const parts = bounds.properties.filter(ts.isPropertyAssignment).map((property) => {
    return `${words[property.name.getText()]!} ${property.initializer.getText()}`;
  });
  return ["number", ...parts].join(", ");
}

function choicesOf(choices: ts.Expression, named: Declarations): string {
  let list: ts.Node = ts.isIdentifier(choices) ? named.get(choices.text)! : choices;
  if (ts.isAsExpression(list)) list = list.expression;
  if (!ts.isArrayLiteralExpression(list)) return "one word";
  return list.elements.map((each) => each.getText()).join(" ");
}
