import picocolors from "picocolors";

export type Palette = ReturnType<typeof picocolors.createColors>;

/**
 * Colours for one output stream. `NO_COLOR` (any text but the empty one) wins over `FORCE_COLOR`; without
 * either, a terminal has colours and a pipe or a file has none.
 *
 * @see https://no-color.org
 */
export function paletteFor(stream: { readonly isTTY?: boolean }, environment: NodeJS.ProcessEnv): Palette {
  return picocolors.createColors(wantsColor(stream.isTTY === true, environment));
}

function wantsColor(isTerminal: boolean, environment: NodeJS.ProcessEnv): boolean {
  const { NO_COLOR: noColor, FORCE_COLOR: forceColor, TERM: terminal } = environment;
  if (noColor !== undefined && noColor !== "") return false;
  if (forceColor !== undefined) return forceColor !== "0" && forceColor !== "false";
  return isTerminal && terminal !== "dumb";
}
