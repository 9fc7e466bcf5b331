type Bytes = ReadableStream<Uint8Array>;
type Items = AsyncGenerator<unknown, void, undefined>;
/** Returns the items of a stream; undefined for any other media type. `json` says that the data of events are JSON. */
export declare function stream(body: Bytes, type: string, json: boolean): Items | undefined;
export {};
