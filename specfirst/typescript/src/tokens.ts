import type { GetToken, Token } from "./types.js";

interface Known {
  token: Promise<Token>;
  value?: Token;
  /** When to ask again, in milliseconds. */
  until: number;
}

interface Kept {
  /** Returns the token of a security scheme. `refused` is a token that the server did not accept. */
  tokens: (scheme: string, refused?: Token) => Promise<Token>;
  forget: () => void;
}

/** Keeps each token until shortly before it expires. Calls at the same time share one `getToken`. */
export function keep(getToken: GetToken): Kept {
  const all = new Map<string, Known>();
  const ask = (scheme: string): Known => {
    const known: Known = { until: Infinity, token: Promise.resolve().then(() => getToken(scheme)) };
    known.token.then(
      (value) => Object.assign(known, { value, until: expiry(value) }),
      () => (known.until = 0),
    );
    all.set(scheme, known);
    return known;
  };
  const tokens: Kept["tokens"] = (scheme, refused) => {
    const known = all.get(scheme);
    return (known && Date.now() < known.until && !(refused && known.value === refused) ? known : ask(scheme)).token;
  };
  return { tokens, forget: () => all.clear() };
}

const LEEWAY = 10_000;

/** Returns until when a token is kept: a JWT until `exp` (RFC 7519), any other token not at all. */
function expiry(token: Token): number {
  try {
    const payload = (token ?? "").split(".")[1] ?? "";
    const { exp } = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as { exp?: unknown };
    return typeof exp === "number" ? exp * 1000 - LEEWAY : 0;
  } catch {
    return 0;
  }
}
