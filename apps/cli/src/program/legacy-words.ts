/** Older spellings, each with the words that replace it. */
const replacements: Readonly<Record<string, readonly string[]>> = {
  init: ["project", "init"],
  sdk: ["tools", "sdk"],
  taglint: ["tools", "taglint"],
  gw: ["service", "gateway"],
  gateway: ["service", "gateway"],
  dagmanager: ["service", "dagmanager"],
  "dagmanager-server": ["service", "dagmanager", "server"],
  "dagmanager-metrics": ["service", "dagmanager", "metrics"],
};

export interface Translation {
  readonly argv: readonly string[];
  /** One line for standard error, when an older spelling was used. */
  readonly deprecation: string | undefined;
}

/**
 * Translates an older spelling of a command, and `help a b` into `a b --help` (commander looks one word deep).
 * Global options before the command stay where they are.
 */
export function translateLegacyWords(argv: readonly string[]): Translation {
  const at = argv.findIndex((word) => !word.startsWith("-"));
  const word = argv[at];
  if (word === "help") return { argv: [...argv.slice(0, at), ...argv.slice(at + 1), "--help"], deprecation: undefined };
  const replacement = word === undefined ? undefined : replacementOf(word, argv.slice(at + 1));
  if (replacement === undefined) return { argv, deprecation: undefined };
  const rest = word === "dagmanager" ? targetMovedBack(argv.slice(at + 1)) : argv.slice(at + 1);
  return {
    argv: [...argv.slice(0, at), ...replacement, ...rest],
    deprecation: `"qmtl ${word}" is the older spelling of "qmtl ${replacement.join(" ")}" and will go`,
  };
}

/** `--target X diff …` is the older order of `diff … --target X`. */
function targetMovedBack(rest: readonly string[]): readonly string[] {
  const [first = ""] = rest;
  const length = first === "--target" ? 2 : first.startsWith("--target=") ? 1 : 0;
  return [...rest.slice(length), ...rest.slice(0, length)];
}

function replacementOf(word: string, rest: readonly string[]): readonly string[] | undefined {
  // `report` is a command of its own today; with --from it is the older one that reads a file of returns.
  if (word === "report") {
    return rest.some((option) => option === "--from" || option.startsWith("--from=")) ? ["tools", "report"] : undefined;
  }
  return Object.hasOwn(replacements, word) ? replacements[word] : undefined;
}
