export { lintPaths, type FileReport } from "./lint-paths.ts";
export { fixSource, lintSource, type Language, type Problem } from "./lint-source.ts";
