export { auditContract } from "./audit-contract.ts";
export { controlBusContract, sampleEvent, type ControlBusHarness } from "./control-bus-contract.ts";
export { dataLogContract, sampleRecord, type DataLogHarness } from "./data-log-contract.ts";
export { databaseContract, type DatabaseHarness } from "./database-contract.ts";
export { keyValueContract, type KeyValueHarness } from "./key-value-contract.ts";
export { leasesContract, type LeasesHarness } from "./leases-contract.ts";
export { outboxContract } from "./outbox-contract.ts";
export { eventually, type PassingTime } from "./passing-time.ts";
export { workQueueContract } from "./work-queue-contract.ts";
