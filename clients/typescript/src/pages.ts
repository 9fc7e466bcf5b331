import type { RequestOptions } from "./client.js";
import type { Page } from "./operations.js";

/** A method of the client that returns a page of a list, such as `api.listTasks`. */
type List<Args, P> = (args: Args, options?: RequestOptions) => Promise<P>;

interface Place {
  cursor?: string | undefined;
  offset?: number | undefined;
}

/**
 * Yields all pages of a list, each fetched when the loop reaches it:
 *
 *     for await (const page of pages(api.listTasks, { user_id, limit: 50 })) …
 */
export async function* pages<Args extends Place, P extends Page<unknown>>(
  list: List<Args, P>,
  args: NoInfer<Args>,
  options?: RequestOptions,
): AsyncGenerator<P, void, undefined> {
  let page = await list(args, options);
  yield page;
  while (page.next_cursor !== null) {
    // The first page has applied `offset`; with a cursor, it would be applied again.
    page = await list({ ...args, offset: undefined, cursor: page.next_cursor }, options);
    yield page;
  }
}

/** Yields the items of all pages. */
export async function* items<Args extends Place, Item>(
  list: List<Args, Page<Item>>,
  args: NoInfer<Args>,
  options?: RequestOptions,
): AsyncGenerator<Item, void, undefined> {
  for await (const page of pages(list, args, options)) yield* page.items;
}
