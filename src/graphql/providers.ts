// The providers that this installation knows, from the catalogue in memory: no statement.
import { type FieldArgs, lambda } from "postgraphile/grafast";
import { extendSchema, gql } from "postgraphile/utils";
import { type Catalogue, searchCatalogue } from "../providers/catalogue.ts";
import type { Provider } from "../providers/schema.ts";

const typeDefs = gql`
  """
  An entry of the catalogue: an API that integrations can be made for.
  """
  type Provider {
    """Its name: what \`Integration.provider\` is."""
    name: String!
    """Its name for people."""
    displayName: String!
    """How its connections sign in, such as OAUTH2 or API_KEY."""
    authMode: String!
    """What it is for, such as crm."""
    categories: [String!]!
    """Where its API is documented."""
    docs: String
    """The address that requests go to; it may hold what a connection fills in."""
    baseUrl: String
    """What its entry asks of a connection, by name."""
    connectionConfig: JSON
    """What its entry asks of a connection's credentials, by name."""
    credentials: JSON
  }

  extend type Query {
    """The providers there are, by name."""
    providers(
      """A part of the name, in any case."""
      search: String = ""
    ): [Provider!]!
    """One provider; null when there is none of this name."""
    provider(name: String!): Provider
  }
`;

const show = (name: string, provider: Provider) => ({
  name,
  displayName: provider.display_name,
  authMode: provider.auth_mode,
  categories: provider.categories ?? [],
  docs: provider.docs ?? null,
  baseUrl: provider.proxy?.base_url ?? null,
  connectionConfig: provider.connection_config ?? null,
  credentials: provider.credentials ?? null,
});

/** The plugin that shows a catalogue. */
export const createProvidersPlugin = (catalogue: Catalogue): GraphileConfig.Plugin => {
  const search = (part: unknown) =>
    searchCatalogue(catalogue, String(part ?? "")).map((one) => show(one.name, one.provider));
  const find = (name: unknown) => {
    const provider = catalogue.get(String(name));
    return provider === undefined ? null : show(String(name), provider);
  };
  const plans = {
    providers: (_$root: unknown, args: FieldArgs) => lambda(args.getRaw("search"), search),
    provider: (_$root: unknown, args: FieldArgs) => lambda(args.getRaw("name"), find),
  };
  return extendSchema({ typeDefs, objects: { Query: { plans } } }, "SynclineProvidersPlugin");
};
