// The schema for keys that may only read: without mutations, and without what only they use.
import { GraphQLSchema, isInterfaceType, isObjectType } from "postgraphile/graphql";

const made = new WeakMap<GraphQLSchema, GraphQLSchema>();

const make = (schema: GraphQLSchema): GraphQLSchema => {
  const { types, ...config } = schema.toConfig();
  // What implements an interface is found by no field; everything else is listed because a field leads there.
  const implementing = types.filter((type) => isObjectType(type) && type.getInterfaces().some(isInterfaceType));
  return new GraphQLSchema({ ...config, mutation: null, types: implementing });
};

/** The same schema, its types shared, as if there were no mutations; one for each schema, however often it is asked for. */
export const withoutMutations = (schema: GraphQLSchema): GraphQLSchema => {
  const readOnly = made.get(schema) ?? make(schema);
  made.set(schema, readOnly);
  return readOnly;
};
