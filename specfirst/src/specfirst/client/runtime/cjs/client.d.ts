import type { Client, ClientOptions, Route, Servers } from "./types.js";
/** Returns the ETag that came with a result. Throws if there is none: a copy of a result has none. */
export declare function etagOf(result: object): string;
/** Returns the ETag that came with a value, or undefined. */
export declare const known: (value: unknown) => string | undefined;
/** Makes the client ask for a token again, for example when another user has logged in. */
export declare function forgetToken(client: Client): void;
/** Returns a new idempotency key. `crypto.randomUUID` is missing in pages without TLS. */
export declare function newKey(): string;
export declare function createClient(options: ClientOptions): Client;
/**
 * Returns the URL that the path of an operation begins with. An origin alone is that of the contract's server, which
 * may have a path.
 */
export declare function root({ baseUrl, servers }: Servers, { server }: Route): string;
