export { ServiceHost, type ServicePart } from "./service-host.ts";
