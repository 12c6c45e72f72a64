/** Whether `QMTL_TEST_MODE` asks for short time budgets. */
export function testModeAsked(): boolean {
  return /^(1|true|yes|on)$/i.test(process.env["QMTL_TEST_MODE"] ?? "");
}
