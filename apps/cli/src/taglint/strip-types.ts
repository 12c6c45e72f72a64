import { stripTypeScriptTypes } from "node:module";

/**
 * Blanks out the types of a TypeScript source. Every other character keeps its offset.
 *
 * @throws SyntaxError on a source that is no erasable TypeScript
 */
export function stripTypes(source: string): string {
  const emitWarning = process.emitWarning.bind(process);
  // Node calls this function experimental, once per process, on standard error; our users cannot act on it.
  process.emitWarning = () => {};
  try {
    return stripTypeScriptTypes(source);
  } finally {
    process.emitWarning = emitWarning;
  }
}
