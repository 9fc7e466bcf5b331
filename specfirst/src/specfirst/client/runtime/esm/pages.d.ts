import type { Page, RequestOptions } from "./types.js";
/** A method of the client that returns a page of a list, such as `api.listTasks`. */
type List<Args, P> = (args: Args, options?: RequestOptions) => Promise<P>;
interface Position {
    cursor?: string | null | undefined;
    offset?: number | undefined;
}
/**
 * Yields all pages of a list, each fetched when the loop reaches it:
 *
 *     for await (const page of pages(api.listTasks, { user_id, limit: 50 })) …
 */
export declare function pages<Args extends Position, P extends Page<unknown>>(list: List<Args, P>, args: NoInfer<Args>, options?: RequestOptions): AsyncGenerator<P, void, undefined>;
/** Yields the items of all pages. */
export declare function items<Args extends Position, Item>(list: List<Args, Page<Item>>, args: NoInfer<Args>, options?: RequestOptions): AsyncGenerator<Item, void, undefined>;
/** Returns the arguments of the page at a cursor. The first page has applied `offset`. */
export declare function after<Args>(args: Args, cursor: string): Args;
export {};
