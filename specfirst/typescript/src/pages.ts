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
export async function* pages<Args extends Position, P extends Page<unknown>>(
  list: List<Args, P>,
  args: NoInfer<Args>,
  options?: RequestOptions,
): AsyncGenerator<P, void, undefined> {
  for (let next: Args | undefined = args; next; ) {
    const page: P = await list(next, options);
    yield page;
    next = page.next_cursor == null ? undefined : after(args, page.next_cursor);
  }
}

/** Yields the items of all pages. */
export async function* items<Args extends Position, Item>(
  list: List<Args, Page<Item>>,
  args: NoInfer<Args>,
  options?: RequestOptions,
): AsyncGenerator<Item, void, undefined> {
  for await (const page of pages(list, args, options)) yield* page.items;
}

/** Returns the arguments of the page at a cursor. The first page has applied `offset`. */
export function after<Args>(args: Args, cursor: string): Args {
  return { ...args, offset: undefined, cursor };
}
