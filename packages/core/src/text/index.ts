export { asWindows } from "./as-windows.ts";
export { TextIndex } from "./text-index.ts";
