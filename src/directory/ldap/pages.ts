/** A search in pages (RFC 2696). ldapts ends one at the first page without entries, and then a short list would look like a whole one. */
import { type Client, type Entry, PagedResultsControl, SearchRequest, type SearchResponse, StatusCodeParser } from "ldapts";
import type { Search } from "./question.ts";

export type Page = { readonly entries: readonly Entry[]; readonly references: readonly string[] };

/** What ldapts keeps to itself: one message, and its answer as it came. test/directory/ldap/odd-servers.test.ts fails should this change. */
type Messages = { _nextMessageId(): number; _send(message: SearchRequest): Promise<SearchResponse | undefined> };

/** Pages without entries, one after another, after which the server is not believed: it would go on for ever. */
const EMPTY_PAGES = 1000;

type Answer = { readonly page: Page; readonly cookie: Buffer | null };

/** Asks for the page behind `cookie`; null: the first. The answer's `cookie` is null after the last. Throws what the server says. */
async function askPage(client: Client, { base, scope, filter, attributes }: Search, size: number, cookie: Buffer | null): Promise<Answer> {
  const messages = client as unknown as Messages;
  const control = new PagedResultsControl({ critical: true, value: { size, ...(cookie !== null && { cookie }) } });
  const messageId = messages._nextMessageId();
  const request = new SearchRequest({ messageId, baseDN: base, scope, filter, attributes: [...attributes], controls: [control] });
  const response = await messages._send(request);
  if (response === undefined || response.status !== 0) throw StatusCodeParser.parse(response);
  const answer = response.controls?.find((one) => one instanceof PagedResultsControl);
  // RFC 2696 §3: every page carries the control. A server that forgets it may have forgotten entries too.
  if (answer === undefined) throw new Error("the directory gave a page without saying whether it is the last");
  const entries = response.searchEntries.map((entry) => entry.toObject([...attributes], []));
  const next = answer.value?.cookie;
  return {
    page: { entries, references: response.searchReferences.flatMap(({ uris }) => uris) },
    cookie: next === undefined || next.length === 0 ? null : next,
  };
}

/** All pages; an empty one need not be the last (Active Directory gives such where it filters afterwards). */
export async function* pagesOf(
  client: Client,
  search: Search,
  size: number,
  inTime: <T>(ask: () => Promise<T>) => Promise<T>,
): AsyncGenerator<Page> {
  let cookie: Buffer | null = null;
  let empty = 0;
  do {
    const from: Buffer | null = cookie;
    const answer: Answer = await inTime(() => askPage(client, search, size, from));
    cookie = answer.cookie;
    empty = answer.page.entries.length === 0 ? empty + 1 : 0;
    if (empty > EMPTY_PAGES) throw new Error(`the directory gave ${EMPTY_PAGES} empty pages, and no end`);
    yield answer.page;
  } while (cookie !== null);
}
