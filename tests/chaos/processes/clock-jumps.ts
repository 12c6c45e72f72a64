// Loaded before the program: every SIGUSR2 makes its wall clock jump, first an hour ahead of the machine's, then an hour
// behind, then back to it, and so on. The monotonic clock stays as it is, as with a real jump.

const wallMs = Date.now;
const hourMs = 3_600_000;
const aheads = [0, hourMs, -hourMs];
let jumps = 0;
process.on("SIGUSR2", () => {
  jumps++;
  process.stdout.write(`${JSON.stringify({ clockAheadMs: aheads[jumps % aheads.length] })}\n`);
});
Date.now = () => wallMs() + aheads[jumps % aheads.length]!;

export {};
