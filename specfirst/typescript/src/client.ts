import { basePath, operations, schemes } from "./contract.js";
import { failure, UnexpectedResponseError } from "./errors.js";
import { keep, type GetToken, type Token } from "./tokens.js";
import type { Answer, Call, Client, Place, RequestOptions, Route } from "./types.js";
import { field, isJson, pairs, read, segment, written } from "./wire.js";

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

interface Options extends RequestOptions {
  ifMatch?: string;
  idempotencyKey?: string;
  accept?: string;
}

type Values = Record<string, unknown>;

const etags = new WeakMap<object, string>();
const forgetful = new WeakMap<object, () => void>();

/** Returns the ETag that came with a result. Throws if there is none: a copy of a result has none. */
export function etagOf(result: object): string {
  const etag = etags.get(result);
  if (etag === undefined) throw new Error("This object has no ETag: it is a copy, or its response had none");
  return etag;
}

/** Returns whether two results are the same version of the same resource. */
export function sameVersion(one: unknown, other: unknown): boolean {
  const known = (value: unknown) => (typeof value === "object" && value ? etags.get(value) : undefined);
  return known(one) !== undefined && known(one) === known(other);
}

/** Returns whether a result came with an ETag. */
export function isTagged(value: unknown): boolean {
  return typeof value === "object" && value !== null && etags.has(value);
}

/** Makes the client ask for a token again, for example when another user has logged in. */
export function forgetToken(client: Client): void {
  forgetful.get(client)?.();
}

/** Returns a new idempotency key. `crypto.randomUUID` is missing in pages without TLS. */
export function newKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function createClient(options: ClientOptions): Client {
  const { tokens, forget } = keep(options.getToken ?? (() => undefined));
  const perform = (id: string, route: Route) => (args: Values = {}, given: Options = {}) => {
    const answer = send(id, route, args, given);
    const call = answer.then(({ data }) => data) as Call<unknown>;
    call.withResponse = () => {
      // Only the promise that is returned here reports an error.
      call.catch(() => undefined);
      return answer;
    };
    return call;
  };

  async function send(id: string, route: Route, args: Values, given: Options): Promise<Answer<unknown>> {
    const { retries = 0, fetch: transport = (request: Request) => fetch(request), credentials } = options;
    const { signal } = given;
    const key = route.parameters?.["Idempotency-Key"] && (args["Idempotency-Key"] ?? given.idempotencyKey);
    const again = key ?? (retries && route.parameters?.["Idempotency-Key"] ? newKey() : undefined);
    const safe = /^(GET|HEAD|PUT|DELETE|OPTIONS|QUERY)$/.test(route.method) || again !== undefined;
    const accept = given.accept ? [given.accept] : (route.accept ?? ["application/json"]).slice(0, route.asked ?? 1);
    const built = build(route, { ...args, ...(again === undefined ? {} : { "Idempotency-Key": again }) }, options, given);
    if (given.accept || route.accept) built.headers.set("Accept", accept.join(", ") || "*/*");
    let refused: Token[] | undefined;
    for (let lost = 0; ; ) {
      const { url, headers, body, tokens: used } = await authorized(route, built, refused, signal);
      const init = { method: route.method, headers, signal: signal ?? null, ...(credentials && { credentials }) };
      const request = new Request(url, body === undefined ? init : ({ ...init, body, duplex: "half" } as RequestInit));
      const repeatable = !(body instanceof ReadableStream);
      let response: Response;
      try {
        response = await transport(request);
      } catch (error) {
        if (lost >= retries || !safe || !repeatable || signal?.aborted) throw error;
        await abortable(new Promise((resolve) => setTimeout(resolve, 100 * 2 ** lost++)), signal);
        continue;
      }
      if (response.status !== 401 || refused || !repeatable || !used.some(Boolean)) {
        return answered(id, route, response, accept);
      }
      refused = used;
      await response.body?.cancel();
    }
  }

  interface Sent {
    url: string;
    headers: Headers;
    body: BodyInit | undefined;
    tokens: Token[];
  }

  /** Adds the credentials of the first alternative of which all are known. */
  async function authorized(route: Route, built: Built, refused?: Token[], signal?: AbortSignal): Promise<Sent> {
    signal?.throwIfAborted();
    const headers = new Headers(built.headers);
    let { url } = built;
    let found: Token[] = [];
    for (const names of route.security ?? []) {
      found = await abortable(Promise.all(names.map((name, index) => tokens(name, refused?.[index]))), signal);
      if (!found.every(Boolean)) continue;
      for (const [index, name] of names.entries()) {
        const [place, title, before] = schemes[name] ?? ["header", "Authorization", "Bearer "];
        const value = `${before}${found[index]}`;
        if (place === "header") headers.set(title, value);
        else if (place === "cookie") headers.append("Cookie", `${title}=${value}`);
        else url += `${url.includes("?") ? "&" : "?"}${title}=${encodeURIComponent(value)}`;
      }
      break;
    }
    return { url, headers, body: built.body, tokens: found };
  }

  const client = Object.fromEntries(
    Object.entries(operations).map(([id, route]) => [id, perform(id, route)]),
  ) as unknown as Client;
  forgetful.set(client, forget);
  return client;
}

interface Built {
  url: string;
  headers: Headers;
  body: BodyInit | undefined;
}

/** Writes the arguments of a call as the contract says. */
function build(route: Route, args: Values, options: ClientOptions, given: Options): Built {
  const headers = new Headers(options.headers);
  new Headers(given.headers).forEach((value, name) => headers.set(name, value));
  const { parameters = {} } = route;
  const names = { "If-Match": given.ifMatch, ...args };
  const query: string[] = [];
  const cookies: string[] = [];
  let path = route.path;
  for (const [argument, value] of Object.entries(names)) {
    if (value === undefined || ((argument === "body" || argument === "contentType") && !parameters[argument])) continue;
    const place: Place = parameters[argument] ?? {};
    const name = place.name ?? argument;
    const where = place.in ?? (path.includes(`{${name}}`) ? "path" : "query");
    if (where === "path") path = path.replace(`{${name}}`, () => segment(name, value, place));
    else if (value === null && !place.json) continue;
    else if (where === "header") headers.set(name, field(value, place));
    else if (where === "cookie") cookies.push(...pairs(name, value, place));
    else query.push(...(where === "querystring" ? [written(value, "application/x-www-form-urlencoded") as string] : pairs(name, value, place)));
  }
  const missing = /\{([^{}]+)\}/.exec(path);
  if (missing) throw new TypeError(`The path parameter ${missing[1]} is missing`);
  if (cookies.length) headers.set("Cookie", cookies.join("; "));
  const root = options.baseUrl.replace(/\/+$/, "");
  // An origin alone is that of the contract's server, which may have a path.
  const url = (/^(\w+:\/\/[^/]*)?$/.test(root) ? root + basePath : root) + path;
  const { body } = args;
  const types = route.body ?? ["application/json"];
  const type = (args["contentType"] as string | undefined) ?? (body instanceof Blob && body.type ? body.type : types[0] ?? "");
  const sends = body !== undefined && !parameters["body"];
  if (sends && type !== "multipart/form-data") headers.set("Content-Type", type);
  return { url: query.length ? `${url}?${query.join("&")}` : url, headers, body: sends ? written(body, type, route.encoding) : undefined };
}

/** Returns the result of a response, or throws its error. */
async function answered(id: string, route: Route, response: Response, accept: readonly string[]): Promise<Answer<unknown>> {
  const type = (response.headers.get("Content-Type") ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  const declared = (range: string) =>
    range === type || (isJson(range) && isJson(type)) || (range.endsWith("*") && type.startsWith(range.slice(0, -1).replace("*/", "")));
  const empty = !response.body || response.status === 204 || response.status === 205;
  if (response.ok && accept.length && !empty && !accept.some(declared)) throw new UnexpectedResponseError(response);
  let data: unknown;
  try {
    data = empty || (response.ok && !accept.length) ? undefined : await read(response, type, route);
  } catch (error) {
    throw error instanceof SyntaxError ? new UnexpectedResponseError(response) : error;
  }
  if (!response.ok) throw failure(id, route, data, response, isJson(type));
  const etag = response.headers.get("ETag") ?? undefined;
  if (etag && typeof data === "object" && data) etags.set(data, etag);
  return { data, etag, response };
}

/** Waits for a promise, but not longer than until the signal aborts. */
function abortable<Value>(promise: Promise<Value>, signal?: AbortSignal): Promise<Value> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort);
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
