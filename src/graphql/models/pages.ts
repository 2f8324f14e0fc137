// Pages of a type that is made without PostGraphile's hooks: 500 models are built in a quarter of the time.
import { ConnectionStep, type ExecutableStep } from "postgraphile/grafast";
import { GraphQLList, GraphQLNonNull, GraphQLObjectType, type GraphQLOutputType } from "postgraphile/graphql";
import type { CommonTypes } from "./common-types.ts";
import { connectionName, edgeName } from "./names.ts";

type Plan = { type: GraphQLOutputType; description?: string; plan: ($parent: ExecutableStep) => ExecutableStep };

/** A field as graphql-js takes it, with the plan where Grafast looks for it. */
export const planned = ({ plan, ...field }: Plan) => ({ ...field, extensions: { grafast: { plan } } });

/** The type for a page of `node`. */
export const pageType = (node: GraphQLObjectType, types: CommonTypes): GraphQLObjectType => {
  const nodes = new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(node)));
  const edge = new GraphQLObjectType({
    name: edgeName(node.name),
    description: "A record of a page and where it stands.",
    fields: { cursor: { type: types.cursor }, node: { type: new GraphQLNonNull(node) } },
  });
  return new GraphQLObjectType({
    name: connectionName(node.name),
    description: `A page of ${node.name}, in the order of changes.`,
    extensions: { grafast: { assertStep: ConnectionStep } },
    fields: {
      nodes: { type: nodes },
      edges: { type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(edge))) },
      pageInfo: { type: new GraphQLNonNull(types.pageInfo) },
    },
  });
};
