import { parse, type Node, type ObjectExpression, type Program, type VariableDeclaration } from "acorn";
import { stripTypes } from "./strip-types.ts";

/** Where a module keeps its tags. Offsets count UTF-16 units of the source as it was given, types included. */
export type TagsPlace =
  | {
      readonly kind: "literal";
      readonly literal: ObjectExpression;
      readonly declaration: VariableDeclaration;
      readonly exported: boolean;
    }
  | { readonly kind: "not-a-literal"; readonly offset: number }
  | { readonly kind: "missing"; readonly insertAt: number }
  | { readonly kind: "syntax-error"; readonly offset: number; readonly message: string };

/** Finds the module-level `const TAGS = { … }`. */
export function findTags(source: string, language: "typescript" | "javascript"): TagsPlace {
  let program: Program;
  try {
    // Types become blanks of the same length, so that an offset means the same place in both texts.
    const code = language === "typescript" ? stripTypes(source) : source;
    program = parse(code, { ecmaVersion: "latest", sourceType: "module", allowHashBang: true });
  } catch (error) {
    return syntaxErrorOf(error);
  }
  for (const statement of program.body) {
    const inner = statement.type === "ExportNamedDeclaration" ? statement.declaration : statement;
    if (inner?.type !== "VariableDeclaration") continue;
    const declarator = inner.declarations.find(({ id }) => id.type === "Identifier" && id.name === "TAGS");
    if (declarator === undefined) continue;
    const exported = inner !== statement || isExportedByName(program);
    const literal = declarator.init;
    if (literal?.type !== "ObjectExpression") return { kind: "not-a-literal", offset: declarator.start };
    return { kind: "literal", literal, declaration: inner, exported };
  }
  return { kind: "missing", insertAt: endOfImports(program) };
}

function isExportedByName(program: Program): boolean {
  return program.body.some(
    (statement) =>
      statement.type === "ExportNamedDeclaration" &&
      statement.specifiers.some(({ exported }) => nameOf(exported) === "TAGS"),
  );
}

function nameOf(node: Node): string | undefined {
  return "name" in node ? String(node.name) : undefined;
}

/** New declarations go below the imports, where they can break neither a directive nor a hash-bang line. */
function endOfImports(program: Program): number {
  const last = program.body.findLast(
    (statement) =>
      statement.type === "ImportDeclaration" || (statement.type === "ExpressionStatement" && "directive" in statement),
  );
  return last?.end ?? program.body[0]?.start ?? program.end;
}

function syntaxErrorOf(error: unknown): TagsPlace {
  const message = error instanceof Error ? (error.message.split("\n")[0] ?? "") : String(error);
  const offset = error instanceof Error && "pos" in error ? Number(error.pos) : 0;
  return { kind: "syntax-error", offset, message: message.replace(/ \(\d+:\d+\)$/, "") };
}
