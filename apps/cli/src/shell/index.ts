export type { CommandCall, CommandContext, CommandModule, CommandResult, Report } from "./command.ts";
export { listenForInterrupt, type Interrupt } from "./interrupt.ts";
export { parseCount, parseNumber } from "./option-parsers.ts";
export { leaveQuietlyOnClosedPipe, print } from "./output.ts";
export { paletteFor, type Palette } from "./palette.ts";
export { withProgress } from "./progress.ts";
export { failureAsJson, failureOf, renderFailure } from "./render-error.ts";
export { renderTable, type Column } from "./table.ts";
