// Loaded before the program: every SIGUSR2 makes its wall clock jump, first an hour ahead of the machine's, then an hour
// behind, and so on. The monotonic clock stays as it is, as with a real jump.

const wallMs = Date.now;
const hourMs = 3_600_000;
let aheadMs = 0;
process.on("SIGUSR2", () => {
  aheadMs = aheadMs > 0 ? -hourMs : hourMs;
  process.stdout.write(`${JSON.stringify({ clockAheadMs: aheadMs })}\n`);
});
Date.now = () => wallMs() + aheadMs;

export {};
