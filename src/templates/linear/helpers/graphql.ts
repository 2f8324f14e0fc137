// Questions to Linear's GraphQL API.
import type { NangoBase } from "syncline";

type Answer<T> = { data?: T; errors?: { message: string }[] };

/** What a list ends with. `endCursor` is there on the last page too, so only `hasNextPage` tells. */
export type PageInfo = { hasNextPage: boolean; endCursor: string | null };

export const ask = async <T>(nango: NangoBase, query: string, variables: Record<string, unknown>): Promise<T> => {
  const { data } = await nango.post<Answer<T>>({ endpoint: "/graphql", data: { query, variables }, retries: 3 });
  // Linear may answer 200 to what it refuses, in part even: taken for an empty list, it would delete everything.
  if (data.errors !== undefined || data.data === undefined) {
    throw new Error(`Linear refused: ${data.errors?.map(({ message }) => message).join("; ") ?? "no data"}`);
  }
  return data.data;
};
