/**
 * Yields all pages of a list, each fetched when the loop reaches it:
 *
 *     for await (const page of pages(api.listTasks, { user_id, limit: 50 })) …
 */
export async function* pages(list, args, options) {
    for (let next = args; next;) {
        const page = await list(next, options);
        yield page;
        next = page.next_cursor == null ? undefined : after(args, page.next_cursor);
    }
}
/** Yields the items of all pages. */
export async function* items(list, args, options) {
    for await (const page of pages(list, args, options))
        yield* page.items;
}
/** Returns the arguments of the page at a cursor. The first page has applied `offset`. */
export function after(args, cursor) {
    return { ...args, offset: undefined, cursor };
}
