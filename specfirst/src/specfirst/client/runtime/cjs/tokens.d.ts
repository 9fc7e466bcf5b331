import type { GetToken, Token } from "./types.js";
interface Kept {
    /** Returns the token of a security scheme. `refused` is a token that the server did not accept. */
    tokens: (scheme: string, refused?: Token) => Promise<Token>;
    forget: () => void;
}
/** Keeps each token until shortly before it expires. Calls at the same time share one `getToken`. */
export declare function keep(getToken: GetToken): Kept;
export {};
