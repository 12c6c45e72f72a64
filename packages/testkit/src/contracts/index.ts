export { controlBusContract, sampleEvent, type ControlBusHarness } from "./control-bus-contract.ts";
export { dataLogContract, sampleRecord, type DataLogHarness } from "./data-log-contract.ts";
export { keyValueContract, type KeyValueHarness } from "./key-value-contract.ts";
export { leasesContract, type LeasesHarness } from "./leases-contract.ts";
export { eventually, type PassingTime } from "./passing-time.ts";
