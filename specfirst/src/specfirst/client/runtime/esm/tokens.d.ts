export type Token = string | null | undefined;
export type GetToken = (scheme: string) => Token | Promise<Token>;
/** Returns the token of a security scheme. `refused` is a token that the server did not accept. */
export type Ask = (scheme: string, refused?: Token) => Promise<Token>;
/** Keeps each token until shortly before it expires. Calls at the same time share one `getToken`. */
export declare function keep(getToken: GetToken): {
    tokens: Ask;
    forget: () => void;
};
