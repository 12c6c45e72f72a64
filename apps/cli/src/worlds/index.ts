export { statusCommand, submitCommand, verifyAuditCommand } from "./strategy-commands.ts";
export { activationCommands, policyCommands, worldCommands } from "./world-commands.ts";
