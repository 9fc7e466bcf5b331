/** Keeps each token until shortly before it expires. Calls at the same time share one `getToken`. */
export function keep(getToken) {
    const all = new Map();
    const ask = (scheme) => {
        const known = { until: Infinity, token: Promise.resolve().then(() => getToken(scheme)) };
        known.token.then((value) => Object.assign(known, { value, until: expiry(value) }), () => (known.until = 0));
        all.set(scheme, known);
        return known;
    };
    const tokens = (scheme, refused) => {
        const known = all.get(scheme);
        return (known && Date.now() < known.until && !(refused && known.value === refused) ? known : ask(scheme)).token;
    };
    return { tokens, forget: () => all.clear() };
}
const LEEWAY = 10_000;
/** Returns until when a token is kept: a JWT until `exp` (RFC 7519), any other token not at all. */
function expiry(token) {
    try {
        const payload = (token ?? "").split(".")[1] ?? "";
        const { exp } = JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
        return typeof exp === "number" ? exp * 1000 - LEEWAY : 0;
    }
    catch {
        return 0;
    }
}
