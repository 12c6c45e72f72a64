export { lintPaths, type FileReport } from "./lint-paths.ts";
