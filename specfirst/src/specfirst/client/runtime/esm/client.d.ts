import { type GetToken } from "./tokens.js";
import type { Client } from "./types.js";
export interface ClientOptions {
    /** The URL of the API's server, such as `https://api.example.com`; with its path, if it is not the contract's. */
    baseUrl: string;
    /**
     * Returns the credential of a security scheme, usually a bearer token. A JWT is kept until it expires. The client
     * asks again, once, if the API answers 401.
     */
    getToken?: GetToken | undefined;
    /** How often a call is repeated that got no response, if that is safe (default: 0). */
    retries?: number | undefined;
    credentials?: RequestCredentials | undefined;
    headers?: HeadersInit | undefined;
    fetch?: ((request: Request) => Promise<Response>) | undefined;
}
/** Returns the ETag that came with a result. Throws if there is none: a copy of a result has none. */
export declare function etagOf(result: object): string;
/** Returns the ETag that came with a value, or undefined. */
export declare const known: (value: unknown) => string | undefined;
/** Makes the client ask for a token again, for example when another user has logged in. */
export declare function forgetToken(client: Client): void;
/** Returns a new idempotency key. `crypto.randomUUID` is missing in pages without TLS. */
export declare function newKey(): string;
export declare function createClient(options: ClientOptions): Client;
/** Returns the URL that paths begin with. An origin alone is that of the contract's server, which may have a path. */
export declare function root(baseUrl: string): string;
