export { appendAudit, type AuditEntry, type AuditRow } from "./append-audit.ts";
export { auditScopes, readAudit, verifyAudit, type AuditVerdict } from "./read-audit.ts";
