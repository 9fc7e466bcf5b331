import { basePath, codecs, operations, schemes } from "./contract.js";
import { failure, UnexpectedResponseError } from "./errors.js";
import { keep } from "./tokens.js";
import { field, isJson, isObject, pairs, read, segment } from "./wire.js";
const etags = new WeakMap();
const forgetful = new WeakMap();
/** Returns the ETag that came with a result. Throws if there is none: a copy of a result has none. */
export function etagOf(result) {
    const etag = etags.get(result);
    if (etag === undefined)
        throw new Error("This object has no ETag: it is a copy, or its response had none");
    return etag;
}
/** Returns the ETag that came with a value, or undefined. */
export const known = (value) => (isObject(value) ? etags.get(value) : undefined);
/** Makes the client ask for a token again, for example when another user has logged in. */
export function forgetToken(client) {
    forgetful.get(client)?.();
}
/** Returns a new idempotency key. `crypto.randomUUID` is missing in pages without TLS. */
export function newKey() {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
export function createClient(options) {
    const { retries = 0, fetch: transport = (request) => fetch(request) } = options;
    const { tokens, forget } = keep(options.getToken ?? (() => undefined));
    /** Returns the tokens, by scheme, of the first alternative of which all are known. */
    async function credentials(route, refused, signal) {
        signal?.throwIfAborted();
        for (const names of route.security ?? []) {
            const found = await abortable(Promise.all(names.map((name) => tokens(name, refused?.[name]))), signal);
            if (found.every(Boolean))
                return Object.fromEntries(names.map((name, index) => [name, found[index]]));
        }
        return {};
    }
    /** Writes the arguments of a call as the contract says. */
    function request(route, args, used, accept, call) {
        const { parameters = {}, body: types = ["application/json"] } = route;
        const headers = new Headers(options.headers);
        if (route.accept)
            headers.set("Accept", accept.join(", ") || "*/*");
        new Headers(call.headers).forEach((value, name) => headers.set(name, value));
        const query = [];
        const cookies = [];
        let { path } = route;
        const put = (where, name, value, place) => {
            if (where === "path")
                path = path.replace(`{${name}}`, () => segment(name, value, place));
            else if (value === null && !place.json)
                return;
            else if (where === "header")
                headers.set(name, field(value, place));
            else
                (where === "cookie" ? cookies : query).push(...pairs(name, value, place));
        };
        for (const [argument, value] of Object.entries(args)) {
            const place = parameters[argument];
            if (value === undefined || (!place && /^(body|contentType)$/.test(argument)))
                continue;
            const name = place?.name ?? argument;
            put(place?.in ?? (path.includes(`{${name}}`) ? "path" : "query"), name, value, place ?? {});
        }
        for (const [scheme, token] of Object.entries(used)) {
            const [where, name, before] = schemes[scheme] ?? ["header", "Authorization", "Bearer "];
            put(where, name, `${before}${token}`, where === "cookie" ? { style: "cookie" } : {});
        }
        const [, missing] = /\{([^{}]+)\}/.exec(path) ?? [];
        if (missing)
            throw new TypeError(`The path parameter ${missing} is missing`);
        if (cookies.length)
            headers.set("Cookie", cookies.join("; "));
        const init = { method: route.method, headers, signal: call.signal ?? null };
        if (options.credentials)
            init.credentials = options.credentials;
        const { body, contentType } = parameters["body"] ? {} : args;
        if (body !== undefined) {
            const type = String(contentType ?? ((body instanceof Blob && body.type) || types[0]));
            const form = codecs.form?.(body, type, route.encoding);
            init.body = isJson(type) ? JSON.stringify(body) : (form ?? body);
            init.duplex = "half";
            // `fetch` adds the boundary.
            if (type !== "multipart/form-data")
                headers.set("Content-Type", type);
        }
        return new Request(`${root(options, route)}${path}${query.length ? "?" : ""}${query.join("&")}`, init);
    }
    async function send(id, route, given, call) {
        const { signal } = call;
        const args = { ...given };
        if (route.match)
            args[route.match] ??= call.ifMatch;
        if (route.key)
            args[route.key] ??= call.idempotencyKey ?? (retries ? newKey() : undefined);
        const repeatable = !(args["body"] instanceof ReadableStream);
        const keyed = route.key !== undefined && args[route.key] !== undefined;
        const safe = repeatable && (keyed || /^(GET|HEAD|PUT|DELETE|QUERY)$/.test(route.method));
        const accept = call.accept ? [call.accept] : (route.accept ?? ["application/json"]).slice(0, route.asked ?? 1);
        let refused;
        for (let lost = 0;;) {
            const used = await credentials(route, refused, signal);
            const response = await transport(request(route, args, used, accept, call)).catch((error) => {
                if (lost >= retries || !safe || signal?.aborted)
                    throw error;
            });
            if (!response)
                await abortable(new Promise((resolve) => setTimeout(resolve, 100 * 2 ** lost++)), signal);
            else if (response.status !== 401 || refused || !repeatable || !Object.keys(used).length) {
                return answered(id, route, response, accept);
            }
            else {
                refused = used;
                await response.body?.cancel();
            }
        }
    }
    const method = (id, route) => (args = {}, given = {}) => {
        const answer = send(id, route, args, given);
        const call = answer.then(({ data }) => data);
        call.withResponse = () => {
            // Only the promise that is returned here reports an error.
            call.catch(() => undefined);
            return answer;
        };
        return call;
    };
    const methods = Object.entries(operations).map(([id, route]) => [id, method(id, route)]);
    const client = Object.fromEntries(methods);
    forgetful.set(client, forget);
    return client;
}
/**
 * Returns the URL that the path of an operation begins with. An origin alone is that of the contract's server, which
 * may have a path.
 */
export function root({ baseUrl, servers }, { server }) {
    const url = baseUrl.replace(/\/+$/, "");
    const origin = /^(\w+:\/\/[^/]*)?/.exec(url)?.[0] ?? "";
    const base = url === origin ? url + basePath : url;
    if (server === undefined)
        return base;
    const before = base.endsWith(basePath) ? base.slice(0, base.length - basePath.length) : origin;
    const chosen = servers?.[server];
    return (chosen ?? (server[0] === "/" ? before + server : server)).replace(/\/+$/, "");
}
/** Returns the result of a response, or throws its error. */
async function answered(id, route, response, accept) {
    const type = (response.headers.get("Content-Type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
    const within = (range) => range.endsWith("*") && type.startsWith(range.split("*")[0] ?? "");
    const fits = (range) => range === type || (isJson(range) && isJson(type)) || within(range);
    const bytes = [204, 205].includes(response.status) || (response.ok && !accept.length) ? null : response.body;
    if (response.ok && bytes && !accept.some(fits))
        throw new UnexpectedResponseError(response);
    let data;
    try {
        if (bytes)
            data = codecs.stream?.(bytes, type, route.json === true) ?? (await read(response, type));
    }
    catch (error) {
        throw error instanceof SyntaxError ? new UnexpectedResponseError(response) : error;
    }
    if (!response.ok)
        throw failure(id, route, data, response, isJson(type));
    const etag = response.headers.get("ETag") ?? undefined;
    if (etag && isObject(data))
        etags.set(data, etag);
    return { data, etag, response };
}
/** Waits for a promise, but not longer than until the signal aborts. */
const abortable = (promise, signal) => new Promise((resolve, reject) => {
    const abort = () => reject(signal?.reason);
    signal?.addEventListener("abort", abort);
    promise.then(resolve, reject).finally(() => signal?.removeEventListener("abort", abort));
});
