// GET /connections.
import { z } from "zod";
import { listConnections } from "../../db/connections.ts";
import type { HttpDeps } from "../deps.ts";
import { type Endpoint, endpoint } from "../endpoint.ts";
import { ConnectionId, ProviderConfigKey, plainText } from "../patterns.ts";
import { ConnectionInList, showInList } from "./connection-shape.ts";
import { Tags } from "./tags.ts";

const DEFAULT_PAGE = 10_000;
const LARGEST_PAGE = 2_000;

const Searched = plainText(255);

const KeyList = z
  .string()
  .transform((text) => text.split(","))
  .pipe(z.array(ProviderConfigKey));

const ListQuery = z.strictObject({
  connectionId: ConnectionId.optional(),
  search: Searched.optional().meta({
    description: "A part of the connection's id or of its end user's name or e-mail.",
  }),
  endUserId: Searched.optional().meta({ deprecated: true }),
  endUserOrganizationId: Searched.optional().meta({ deprecated: true }),
  integrationId: KeyList.optional().meta({ description: "Keys of integrations, with commas between them." }),
  tags: Tags.optional().meta({
    description: "Those that have all of these: tags[team]=red",
    param: { style: "deepObject", explode: true },
  }),
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(LARGEST_PAGE)
    .optional()
    .meta({ description: `${DEFAULT_PAGE} unless given.` }),
  page: z.coerce.number().int().min(0).max(1_000_000).default(0).meta({ description: "Counted from 0." }),
});

/** The list of connections: one statement. */
export const connectionsEndpoints = ({ db }: HttpDeps): Endpoint[] => [
  endpoint(
    {
      method: "get",
      path: "/connections",
      aliases: ["/connection"],
      tag: "Connections",
      says: "Connections, the newest first",
      more: "Filters add up. There is no mark for the end: a page with fewer than asked for is the last one.",
      client: "listConnections",
      scope: "connections:list",
      query: ListQuery,
      answers: {
        200: { says: "Without credentials.", body: z.strictObject({ connections: z.array(ConnectionInList) }) },
      },
    },
    async ({ environment, query }) => {
      const connections = await listConnections(db, {
        environment: environment.id,
        connection: query.connectionId ?? null,
        search: query.search ?? null,
        endUser: query.endUserId ?? null,
        organization: query.endUserOrganizationId ?? null,
        integrations: query.integrationId ?? null,
        tags: query.tags ?? null,
        limit: query.limit ?? DEFAULT_PAGE,
        page: query.page,
      });
      return { connections: connections.map(showInList) };
    },
  ),
];
