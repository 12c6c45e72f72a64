/** Writes one text, and returns when the stream has taken it. */
export function print(stream: NodeJS.WriteStream, text: string): Promise<void> {
  return new Promise((resolve) => stream.write(text.endsWith("\n") ? text : `${text}\n`, () => resolve()));
}

/** A reader that leaves early (`qmtl graph … | head`) ends the process without a word, as other tools do. */
export function leaveQuietlyOnClosedPipe(streams: readonly NodeJS.WriteStream[]): void {
  for (const stream of streams) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
      process.exit(Number(process.exitCode ?? 0));
    });
  }
}
