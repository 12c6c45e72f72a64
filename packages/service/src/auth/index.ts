export { Authenticator, type AuthenticatorOptions, type Credentials } from "./authenticator.ts";
export { openAuthenticator, type OpenAuthenticatorOptions } from "./open-authenticator.ts";
export { checkBinding, isLoopbackAddress } from "./binding.ts";
export { EventTokens, eventTokenMsMax, type EventClaims } from "./event-tokens.ts";
export { LocalKeySet, openLocalKeySet, type KeySet } from "./key-set.ts";
export { allows, everyWorld, localOperator, roles, type Principal, type Role } from "./principal.ts";
export { Tickets, ticketMsMax } from "./tickets.ts";
