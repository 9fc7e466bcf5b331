import type { ErrorGroups, ListOperationId, Operations, ReadOperationId, ServerUrl } from "./contract.js";
/** The name of an operation, its `operationId` in the contract. */
export type OperationId = keyof Operations & string;
/** The operations with any other method than GET. */
export type WriteOperationId = Exclude<OperationId, ReadOperationId>;
/** The path, query, header and cookie parameters of an operation by name, and `body` if it has one. */
export type Arguments<Id extends OperationId> = Operations[Id]["arguments"];
/** The body of an operation's success response; `undefined` if the response has none. */
export type Result<Id extends OperationId> = Operations[Id]["result"];
/** The statuses of an operation's error responses. */
export type ErrorStatus<Id extends OperationId = OperationId> = Id extends OperationId ? keyof Operations[Id]["errors"] & number : never;
/** The body of an operation's error response, for one status or for all. */
export type ErrorBody<Id extends OperationId, Status extends ErrorStatus<Id> = ErrorStatus<Id>> = Operations[Id]["errors"][Status & keyof Operations[Id]["errors"]];
/** A credential, such as a bearer token; null or undefined if there is none. */
export type Token = string | null | undefined;
export type GetToken = (scheme: string) => Token | Promise<Token>;
export interface Servers {
    /** The URL of the API's server, such as `https://api.example.com`; with its path, if it is not the contract's. */
    baseUrl: string;
    /** Other URLs for the servers that the contract names for single operations. */
    servers?: {
        readonly [Url in ServerUrl]?: string | undefined;
    } | undefined;
}
export interface ClientOptions extends Servers {
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
export interface RequestOptions {
    signal?: AbortSignal | undefined;
    headers?: HeadersInit | undefined;
}
/** The options of a call: `signal`, `headers`, and `ifMatch` or `idempotencyKey` where the operation knows them. */
export type CallOptions<Id extends OperationId> = RequestOptions & Operations[Id]["options"];
/** The response of a call, with its headers. Its body is already read, unless it is a stream. */
export interface Answer<Data> {
    data: Data;
    /** The entity tag, for `ifMatch`. */
    etag: string | undefined;
    response: Response;
}
/** The promise of a result. `withResponse()` is the promise of the result with its ETag and headers. */
export interface Call<Data> extends Promise<Data> {
    withResponse(): Promise<Answer<Data>>;
}
/** Calls one operation. Throws `ApiError` for an error response, and the error of `fetch` if there is no response. */
export type Method<Id extends OperationId> = {} extends Arguments<Id> ? (args?: Arguments<Id>, options?: CallOptions<Id>) => Call<Result<Id>> : (args: Arguments<Id>, options?: CallOptions<Id>) => Call<Result<Id>>;
/** Calls an operation that has several media types: `accept` selects another one. */
export type Accepting<Id extends OperationId> = <Type extends keyof Operations[Id]["accepts"]>(args: Arguments<Id>, options: CallOptions<Id> & {
    accept: Type;
}) => Call<Operations[Id]["accepts"][Type]>;
/** One method per operation of the contract. */
export type Client = {
    readonly [Id in OperationId]: [keyof Operations[Id]["accepts"]] extends [never] ? Method<Id> : Accepting<Id> & Method<Id>;
};
/** One page of a list. */
export interface Page<Item> {
    items: Item[];
    next_cursor?: string | null | undefined;
}
/** What is sent as a file or as bytes. */
export type Upload = Blob | ArrayBuffer | ArrayBufferView | ReadableStream<Uint8Array>;
/** The items of a stream, as they arrive: `for await (const item of stream)`. Leaving the loop cancels the request. */
export type Stream<Item> = AsyncGenerator<Item, void, undefined>;
/** A server-sent event. */
export interface Event {
    data: string;
    event?: string;
    id?: string;
    retry?: string;
}
/** The statuses of client errors (IANA's registry), for responses that are declared for a range. */
export type ClientError = (400 | 401 | 402 | 403 | 404 | 405 | 406 | 407 | 408 | 409 | 410 | 411 | 412 | 413 | 414 | 415 | 416 | 417 | 418) | (421 | 422 | 423 | 424 | 425 | 426 | 428 | 429 | 431 | 451);
export type ServerError = 500 | 501 | 502 | 503 | 504 | 505 | 506 | 507 | 508 | 510 | 511;
/** The bodies of statuses that are declared for a range, except those with a declaration of their own. */
export type Others<Statuses extends number, Declared, Body> = {
    [Status in Exclude<Statuses, Declared>]: Body;
};
export type { ErrorGroups, ListOperationId, Operations, ReadOperationId };
/** How a parameter is sent, if not as the usual path or query parameter (OpenAPI 3.1, section 4.8.12). */
export interface Place {
    in?: "path" | "query" | "header" | "cookie";
    /** The name in the request, if the argument has another one. */
    name?: string;
    style?: string;
    explode?: boolean;
    json?: boolean;
}
/** Where a credential is sent: the place, the name, and the text before the credential. */
export type Scheme = readonly [place: "header" | "query" | "cookie", name: string, before: string];
/** The parts of the runtime that not every contract needs. */
export interface Codecs {
    form?: (body: unknown, type: string, encoding?: Route["encoding"]) => BodyInit | undefined;
    stream?: (body: ReadableStream<Uint8Array>, type: string, json: boolean) => Stream<unknown> | undefined;
}
export interface Route {
    method: string;
    path: string;
    /** Where the operation is called, if it has a server of its own: a URL, or a path at the origin of `baseUrl`. */
    server?: string;
    parameters?: Readonly<Record<string, Place>>;
    /** The media types of the body, if there are others than application/json. */
    body?: readonly string[];
    /** How the properties of a form are sent. */
    encoding?: Readonly<Record<string, Place>>;
    /** The media types of success responses, if there are others than application/json; the first is asked for. */
    accept?: readonly string[];
    /** The number of media types that are asked for at once, if not 1. */
    asked?: number;
    /** Whether the data of server-sent events are JSON. */
    json?: boolean;
    /** The argument that is the option `ifMatch`, and the one that is `idempotencyKey`. */
    match?: string;
    key?: string;
    /** The alternatives of security schemes, each a list. */
    security?: readonly (readonly string[])[];
    /** The required properties of the error responses, with their types, by status, range or `default`. */
    errors: Readonly<Record<string, Shape | null>>;
}
/** An example response: its status, headers and body. */
export type Example = readonly [status: number, headers: Readonly<Record<string, string>>, body: unknown];
/** The JavaScript type of each required property. */
export type Shape = Readonly<Record<string, string>>;
export type Table = Readonly<Record<string, Route>>;
