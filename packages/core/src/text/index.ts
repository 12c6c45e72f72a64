export { asWindows } from "./as-windows.ts";
export { Numbered } from "./numbered.ts";
export { TextIndex } from "./text-index.ts";
